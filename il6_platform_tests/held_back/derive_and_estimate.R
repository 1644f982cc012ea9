# Rscript derive_and_estimate.R FOLDER: FOLDER/landing (native exports), FOLDER/study.yaml (written as
# JSON) -> FOLDER/r.json. The cohort is derived here from the raw files by the design's rules, and what
# report.results should hold is estimated by R's survival, pROC, maxstat and stats. Shares no code
# with the platform.
suppressPackageStartupMessages({library(survival); library(pROC); library(jsonlite)})
options(warn = -1)
folder <- commandArgs(TRUE)[1]
study <- fromJSON(file.path(folder, "study.yaml"), simplifyVector = FALSE)
month <- 30.4375; Z <- qnorm(.975)
`%||%` <- function(a, b) if (is.null(a)) b else a

## raw files: deliveries in order of day, a later record with the same key amends
read <- function(table, key) {
  days <- sort(list.files(file.path(folder, "landing")))
  parts <- lapply(days, function(d) { f <- file.path(folder, "landing", d, paste0(table, ".csv"))
    if (file.exists(f)) read.csv(f, colClasses = "character", na.strings = "", check.names = FALSE) })
  parts <- Filter(Negate(is.null), parts)
  if (!length(parts)) return(NULL)
  all <- parts[[1]]
  for (p in parts[-1]) { p <- p[names(all)]
    k <- function(x) do.call(paste, c(lapply(key, function(c) tolower(x[[c]])), sep = "|"))
    all <- rbind(all[!k(all) %in% k(p), ], p) }
  all }
patients <- read("patients", "patient_id"); treatments <- read("treatments", c("patient_id", "line", "drug"))
labs <- read("labs", c("patient_id", "analyte", "collected_on")); visits <- read("assessments", c("patient_id", "assessed_on"))
follow <- read("follow_up", "patient_id")
day <- function(x) as.integer(as.Date(x)); first <- function(x) if (length(x)) min(x) else NA_integer_; final <- function(x) if (length(x)) max(x) else NA_integer_

## cohort
ids <- patients$patient_id[is.na(patients$consent_withdrawn_on)]
m <- study$marker; window <- unlist(m$window_days)
rows <- lapply(ids, function(id) {
  p <- patients[patients$patient_id == id, ]; t <- treatments[treatments$patient_id == id, ]
  l <- labs[labs$patient_id == id & tolower(labs$analyte) == m$analyte, ]
  v <- visits[visits$patient_id == id, ]; f <- follow[follow$patient_id == id, ]
  start <- first(day(t$start_date[t$line == "1"]))
  if (is.na(start)) return(list(id = id, reason = "No first-line treatment"))
  if (!nrow(f)) return(list(id = id, reason = "No follow-up"))
  e <- t$line == "1" & tolower(t$drug) == tolower(study$arms$experimental_drug)
  arm <- any(e & day(t$start_date) - start <= study$arms$arm_window_days)
  l <- l[day(l$collected_on) - start >= window[1] & day(l$collected_on) - start <= window[2], ]
  if (!nrow(l)) return(list(id = id, reason = "No baseline marker in the window"))
  l <- l[which.max(day(l$collected_on)), ]
  x <- as.numeric(sub("^[<>]", "", l$value))
  if (startsWith(l$value, "<")) x <- switch(m$below_loq, half = x / 2, limit = x, zero = 0)
  if (m$analyte == "il6" && l$unit == "ng/mL") x <- 1000 * x
  nt <- first(day(t$start_date[as.integer(t$line) > 1]))
  v <- v[day(v$assessed_on) >= start, ]; v <- v[order(day(v$assessed_on)), ]; vd <- day(v$assessed_on)
  pd <- first(vd[v$response == "PD"]); dead <- day(f$died_on); seen <- final(vd[v$response %in% c("CR", "PR", "SD", "PD")])
  if (!is.na(pd) && (is.na(dead) || pd <= dead)) { pfs <- pd; pe <- 1 } else if (!is.na(dead)) { pfs <- dead; pe <- 1
  } else { pfs <- if (is.na(seen)) start else seen; pe <- 0 }
  os <- if (is.na(dead)) day(f$last_contact_on) else dead
  ok <- vd <= min(pd, nt, Inf, na.rm = TRUE); r <- v$response[ok]; rd <- vd[ok]; known <- r
  if (isTRUE(study$confirm_response)) for (i in seq_along(r)) {
    again <- known[rd >= rd[i] + 28]
    if (known[i] == "CR" && !any(again == "CR")) r[i] <- if (any(again == "PR")) "PR" else "SD"
    if (known[i] == "PR" && !any(again %in% c("PR", "CR"))) r[i] <- "SD" }
  bor <- c("CR", "PR", "SD", "PD", "NE"); bor <- bor[bor %in% r][1]; if (is.na(bor)) bor <- "NE"
  age <- as.numeric(p$age_years)
  if (!is.na(p$birth_date)) { a <- as.POSIXlt(as.Date(start, origin = "1970-01-01")); b <- as.POSIXlt(as.Date(p$birth_date))
    age <- a$year - b$year - ((a$mon < b$mon) | (a$mon == b$mon & a$mday < b$mday)) }
  c(list(id = id, reason = NA, arm = arm, marker = x, pfs = (pfs - start) / month, pe = pe, os = (os - start) / month,
    oe = as.integer(!is.na(dead)), bor = bor, age = age, sex = p$sex, start = start,
    resp = if (bor %in% c("CR", "PR")) (first(vd[ok][known %in% c("CR", "PR") & vd[ok] <= 1e9]) - start) / month else NA),
    as.list(p[setdiff(names(p), c("patient_id", "sex"))])) })
flow <- table(factor(sapply(rows, function(r) r$reason %||% NA), levels = c("No first-line treatment", "No follow-up", "No baseline marker in the window")))
kept <- Filter(function(r) is.na(r$reason), rows)
out <- list(); add <- function(...) out[[length(out) + 1]] <<- list(...)
finish <- function() { write_json(list(results = out, n = length(kept), arrived = length(ids), withdrawn = sum(!is.na(patients$consent_withdrawn_on)),
  flow = as.list(flow)), file.path(folder, "r.json"), digits = I(17), auto_unbox = TRUE, na = "null", null = "null"); quit(save = "no") }
if (!length(kept)) finish()
d <- do.call(rbind, lapply(kept, function(r) as.data.frame(lapply(r, function(v) if (length(v)) v else NA), check.names = FALSE)))
lower <- identical(study$cutoff$direction, "lower"); side <- if (lower) -1 else 1
endpoints <- unlist(study$endpoints); outcome <- study$cutoff$outcome
TS <- function(e, x = d) if (e == "PFS") cbind(x$pfs, x$pe) else cbind(x$os, x$oe)
wilson <- function(x, n) { if (n == 0) return(c(NA, NA, NA)); p <- x / n; k <- Z^2
  c(p, (p + k / (2 * n) + c(-1, 1) * Z * sqrt(p * (1 - p) / n + k / (4 * n^2))) / (1 + k / n)) }

## cut-off
y <- NULL
if (identical(outcome, "response")) y <- as.integer(!d$bor %in% c("CR", "PR"))
if (is.list(outcome) && !is.null(outcome$by_months)) { s <- TS(outcome$endpoint)
  y <- ifelse(s[, 1] > outcome$by_months, 0, ifelse(s[, 2] == 1, 1, NA)) }
ok <- if (is.null(y)) rep(FALSE, nrow(d)) else !is.na(y)
both <- length(unique(y[ok])) == 2
if (!is.null(y) && both) {
  r <- pROC::roc(y[ok], d$marker[ok], levels = c(0, 1), direction = if (lower) ">" else "<", quiet = TRUE)
  ci <- if (min(table(y[ok])) > 1) as.numeric(pROC::ci.auc(r, method = "delong")) else c(NA, r$auc, NA)
  add(analysis = "cutoff", statistic = "auc", estimate = as.numeric(r$auc), ci_low = ci[1], ci_high = ci[3], n = sum(ok), events = sum(y[ok])) }
cut <- NA
if (study$cutoff$method == "fixed") cut <- study$cutoff$value
if (study$cutoff$method == "median") cut <- min(d$marker[d$marker >= median(d$marker)])
if (study$cutoff$method == "youden" && both) {
  x <- d$marker[ok]; c <- sort(unique(x))[-1]; k <- y[ok]
  # whole numbers, so that ties are ties
  J <- sapply(c, function(v) if (lower) sum(x[k == 1] < v) * sum(k == 0) - sum(x[k == 0] < v) * sum(k == 1) else sum(x[k == 1] >= v) * sum(k == 0) - sum(x[k == 0] >= v) * sum(k == 1))
  if (length(c)) cut <- c[which.max(J)] }
if (study$cutoff$method == "maxstat" && nrow(d) > 5) { s <- TS(if (is.list(outcome)) outcome$endpoint else endpoints[1])
  mt <- try(maxstat::maxstat.test(Surv(t, e) ~ marker, data = data.frame(t = s[, 1], e = s[, 2], marker = d$marker), smethod = "LogRank", pmethod = "none"), silent = TRUE)
  if (!inherits(mt, "try-error")) { cut <- min(d$marker[d$marker > as.numeric(mt$estimate)])
    add(analysis = "validity", statistic = "maxstat", endpoint = if (is.list(outcome)) outcome$endpoint else endpoints[1], contrast = "high vs low", estimate = as.numeric(mt$statistic))
    # beyond what 10% and 90% allow only the exact distribution is R's
    a <- try(maxstat::maxstat.test(Surv(t, e) ~ marker, data = data.frame(t = s[, 1], e = s[, 2], marker = d$marker), smethod = "LogRank", pmethod = "Lau92"), silent = TRUE)
    if (!inherits(a, "try-error")) add(analysis = "validity", statistic = "maxstat_p_lau92", endpoint = if (is.list(outcome)) outcome$endpoint else endpoints[1], contrast = "high vs low", p_value = min(1, as.numeric(a$p.value))) } }
if (!is.na(cut) || study$cutoff$method != "maxstat") add(analysis = "cutoff", statistic = "cutoff", estimate = cut)
if (!is.null(y) && both && !is.na(cut)) { pos <- if (lower) d$marker[ok] < cut else d$marker[ok] >= cut; k <- y[ok]
  for (a in list(list("sensitivity", sum(pos & k == 1), sum(k == 1)), list("specificity", sum(!pos & k == 0), sum(k == 0)), list("ppv", sum(pos & k == 1), sum(pos)), list("npv", sum(!pos & k == 0), sum(!pos)))) {
    w <- wilson(a[[2]], a[[3]]); add(analysis = "cutoff", statistic = a[[1]], estimate = w[1], ci_low = w[2], ci_high = w[3]) }
  add(analysis = "cutoff", statistic = "youden", estimate = mean(pos[k == 1]) + mean(!pos[k == 0]) - 1) }
d$high <- if (is.na(cut)) NA else d$marker >= cut
grouped <- !is.na(d$high)
inside <- list(all = rep(TRUE, nrow(d)), control = !d$arm, experimental = d$arm, marker_high = grouped & d$high %in% TRUE, marker_low = grouped & d$high %in% FALSE)
groups <- list(control = !d$arm, experimental = d$arm, high = inside$marker_high, low = inside$marker_low)
for (a in c("control", "experimental")) for (h in c("high", "low")) groups[[paste0(a, "/", h)]] <- groups[[a]] & groups[[h]]
comparisons <- list(c("all", "experimental vs control"), c("marker_high", "experimental vs control"), c("marker_low", "experimental vs control"), c("all", "high vs low"), c("control", "high vs low"), c("experimental", "high vs low"))
in_comparison <- function(k) inside[[k[1]]] & (k[2] != "high vs low" | grouped)
one_of <- function(k, x) if (k[2] == "high vs low") as.integer(x$high) else as.integer(x$arm)

fitted <- function(X, s) { X <- as.matrix(X); storage.mode(X) <- "double"
  f <- try(coxph(Surv(s[, 1], s[, 2]) ~ X, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 200)), silent = TRUE)
  if (inherits(f, "try-error")) NULL else f }
hr <- function(f, i = 1) { b <- unname(coef(f)[i]); se <- sqrt(vcov(f)[i, i]); list(estimate = exp(b), ci_low = exp(b - Z * se), ci_high = exp(b + Z * se), std_error = se, p_value = 2 * pnorm(-abs(b) / se)) }
km <- function(s) survfit(Surv(s[, 1], s[, 2]) ~ 1, conf.type = "log-log")
design <- function(c, x) { v <- x[[c$name]]
  if (c$kind == "number") return(setNames(data.frame(as.numeric(v)), c$name))
  v <- as.character(v); if (c$name == "ras_status") v <- tolower(v); if (c$name %in% c("extrahepatic", "sex")) v <- toupper(v)
  levels <- sort(unique(v[!is.na(v)])); ref <- if (!is.null(c$reference) && c$reference %in% levels) c$reference else levels[1]
  m <- lapply(setdiff(levels, ref), function(l) as.numeric(v == l)); if (!length(m)) return(NULL)
  setNames(as.data.frame(m), paste0(c$name, "[", setdiff(levels, ref), "]")) }

for (e in endpoints) {
  ## survival
  for (g in c(names(inside), paste0("@", names(groups)))) {
    who <- if (startsWith(g, "@")) groups[[substring(g, 2)]] else inside[[g]]
    where <- if (startsWith(g, "@")) list(population = "all", grp = substring(g, 2)) else list(population = g)
    s <- TS(e)[who, , drop = FALSE]; say <- function(...) do.call(add, c(list(analysis = "survival", endpoint = e, n = nrow(s), events = sum(s[, 2])), where, list(...)))
    if (!nrow(s)) next
    f <- km(s); q <- quantile(f, .5); say(statistic = "median", estimate = as.numeric(q$quantile), ci_low = as.numeric(q$lower), ci_high = as.numeric(q$upper))
    q <- quantile(survfit(Surv(s[, 1], 1 - s[, 2]) ~ 1, conf.type = "log-log"), .5)
    say(statistic = "follow_up_median", estimate = as.numeric(q$quantile), ci_low = as.numeric(q$lower), ci_high = as.numeric(q$upper))
    for (at in unlist(study$landmarks_months)) if (at <= max(s[, 1])) { z <- summary(f, times = at)
      lo <- z$lower; hi <- z$upper; if (z$surv %in% c(0, 1)) lo <- hi <- NA
      if (at < min(s[, 1])) lo <- hi <- 1
      say(statistic = "survival", at = at, estimate = z$surv, ci_low = lo, ci_high = hi) } }
  ## comparisons
  for (k in comparisons) { x <- d[in_comparison(k), ]; if (!nrow(x)) next
    g <- one_of(k, x); if (length(unique(g)) < 2) next; s <- TS(e, x)
    where <- list(endpoint = e, population = k[1], contrast = k[2], n = nrow(x), events = sum(s[, 2]))
    say <- function(...) do.call(add, c(where, list(...)))
    l <- try(survdiff(Surv(s[, 1], s[, 2]) ~ g), silent = TRUE)
    if (!inherits(l, "try-error") && min(table(g)) > 1 && sum(s[, 2])) say(analysis = "survival", statistic = "logrank", estimate = l$chisq, df = 1, p_value = pchisq(l$chisq, 1, lower.tail = FALSE))
    tau <- min(tapply(s[, 1], g, max))
    if (tau > 0) { rm <- lapply(0:1, function(i) { if (tau <= min(s[g == i, 1])) return(c(tau, 0))
      z <- summary(km(s[g == i, , drop = FALSE]), rmean = tau)$table; c(z[["rmean"]], z[["se(rmean)"]]) })
      dif <- rm[[2]][1] - rm[[1]][1]; se <- sqrt(rm[[2]][2]^2 + rm[[1]][2]^2)
      say(analysis = "survival", statistic = "rmst_difference", at = tau, estimate = dif, ci_low = if (se > 0) dif - Z * se, ci_high = if (se > 0) dif + Z * se) }
    f <- if (sum(s[, 2])) fitted(cbind(group = g), s)
    if (!is.null(f)) do.call(say, c(list(analysis = "cox", model = "univariable", statistic = "hazard_ratio"), hr(f))) }
  s <- TS(e)
  ## covariates
  for (c in study$covariates) { X <- design(c, d); if (is.null(X)) next
    cc <- complete.cases(X); if (!any(cc) || !sum(s[cc, 2])) next
    f <- fitted(X[cc, , drop = FALSE], s[cc, , drop = FALSE]); if (is.null(f)) next
    for (i in seq_len(ncol(X))) do.call(add, c(list(analysis = "cox", endpoint = e, population = "all", model = "univariable", term = names(X)[i], statistic = "hazard_ratio", n = sum(cc), events = sum(s[cc, 2])), hr(f, i))) }
  ## multivariable
  if (!is.na(cut)) { X <- data.frame(a = as.numeric(d$arm), h = as.numeric(d$high)); names(X) <- c("ARM[experimental]", "MARKERGR[high]")
    for (c in study$covariates) { D <- design(c, d); if (!is.null(D)) X <- cbind(X, D) }
    X <- X[, sapply(X, function(v) any(!is.na(v))), drop = FALSE]; cc <- complete.cases(X)
    X <- X[cc, , drop = FALSE]; X <- X[, sapply(X, function(v) length(unique(v)) > 1), drop = FALSE]; sc <- s[cc, , drop = FALSE]
    if (ncol(X) && sum(sc[, 2]) && nrow(X) > ncol(X)) { f <- fitted(X, sc)
      if (!is.null(f) && !anyNA(coef(f))) { w <- list(analysis = "cox", endpoint = e, population = "all", model = "multivariable", n = nrow(X), events = sum(sc[, 2]))
        for (i in seq_len(ncol(X))) do.call(add, c(w, list(term = names(X)[i], statistic = "hazard_ratio"), hr(f, i)))
        lr <- 2 * diff(f$loglik); do.call(add, c(w, list(statistic = "likelihood_ratio", estimate = lr, df = ncol(X), p_value = pchisq(lr, ncol(X), lower.tail = FALSE))))
        do.call(add, c(w, list(statistic = "concordance", estimate = unname(summary(f)$concordance[1]), std_error = unname(summary(f)$concordance[2]))))
        M <- as.data.frame(X); names(M) <- paste0("v", seq_len(ncol(X))); fz <- coxph(as.formula(paste("Surv(sc[,1], sc[,2]) ~", paste(names(M), collapse = "+"))), M, ties = "efron", control = coxph.control(eps = 1e-12, iter.max = 100))
        z <- try(cox.zph(fz, transform = "km"), silent = TRUE)
        if (!inherits(z, "try-error")) for (i in seq_len(nrow(z$table))) do.call(add, c(w, list(statistic = "proportional_hazards", term = c(names(X), "GLOBAL")[if (nrow(z$table) == 1) 1 else i], estimate = z$table[i, 1], df = z$table[i, 2], p_value = z$table[i, 3]))) } }
    ## interaction
    a <- as.numeric(d$arm); h <- as.numeric(d$high); w <- list(analysis = "interaction", endpoint = e, population = "all", model = "interaction", n = nrow(d), events = sum(s[, 2]))
    cells <- tapply(s[, 2], list(factor(a, 0:1), factor(h, 0:1)), sum)
    if (!anyNA(cells) && all(cells > 0)) { f1 <- fitted(cbind(a, h, a * h), s); f0 <- fitted(cbind(a, h), s)
      if (!is.null(f1) && !is.null(f0)) { u <- hr(f1, 3); lr <- max(0, 2 * (f1$loglik[2] - f0$loglik[2])); wald <- u$p_value; u$p_value <- pchisq(lr, 1, lower.tail = FALSE)
        do.call(add, c(w, list(statistic = "ratio_of_hazard_ratios"), u)); do.call(add, c(w, list(statistic = "interaction_wald", p_value = wald)))
        V <- vcov(f1); b <- unname(coef(f1)); se <- sqrt(V[1, 1] + V[3, 3] + 2 * V[1, 3])
        do.call(add, c(w, list(statistic = "hazard_ratio", term = "ARM[experimental] | high", estimate = exp(b[1] + b[3]), ci_low = exp(b[1] + b[3] - Z * se), ci_high = exp(b[1] + b[3] + Z * se))))
        do.call(add, c(w, list(statistic = "hazard_ratio", term = "ARM[experimental] | low"), hr(f1, 1))) } }
    for (k in list(c("experimental vs control", "a", "h"), c("high vs low", "h", "a"))) if (length(unique(get(k[2]))) == 2) {
      l <- try(survdiff(Surv(s[, 1], s[, 2]) ~ get(k[2]) + strata(get(k[3]))), silent = TRUE)
      if (!inherits(l, "try-error") && is.finite(l$chisq) && l$chisq > 0) add(analysis = "interaction", endpoint = e, population = "all", model = "stratified", contrast = k[1], statistic = "logrank_stratified", estimate = l$chisq, p_value = pchisq(l$chisq, 1, lower.tail = FALSE)) } }
  ## continuous
  if (all(d$marker > 0)) for (p in c("all", "control", "experimental")) { w <- inside[[p]]; if (sum(w) && length(unique(d$marker[w])) > 1 && sum(s[w, 2])) {
    f <- fitted(cbind(log2(d$marker[w])), s[w, , drop = FALSE]); if (!is.null(f)) { do.call(add, c(list(analysis = "continuous", endpoint = e, population = p, model = "log2", term = "log2(MARKER)", statistic = "hazard_ratio", n = sum(w), events = sum(s[w, 2])), hr(f)))
      lr <- 2 * diff(f$loglik); add(analysis = "continuous", endpoint = e, population = p, model = "log2", term = "log2(MARKER)", statistic = "likelihood_ratio", estimate = lr, p_value = pchisq(lr, 1, lower.tail = FALSE)) } } }
  ## every cut-off: a handful of them
  cuts <- sort(unique(d$marker)); cuts <- cuts[sapply(cuts, function(v) min(sum(d$marker >= v), sum(d$marker < v)) >= 5)]
  if (length(cuts)) for (v in cuts[unique(round(seq(1, length(cuts), length.out = 6)))]) for (p in c("all", "control", "experimental")) { w <- inside[[p]]
    g <- as.numeric(d$marker[w] >= v); if (min(sum(g == 1), sum(g == 0)) >= 5 && sum(s[w, 2])) { f <- fitted(cbind(g), s[w, , drop = FALSE])
      if (!is.null(f)) { u <- hr(f); u$p_value <- NULL; do.call(add, c(list(analysis = "cutoff_scan", endpoint = e, population = p, contrast = "high vs low", model = "each cut-off", at = v, statistic = "hazard_ratio"), u)) }
      l <- survdiff(Surv(s[w, 1], s[w, 2]) ~ g); add(analysis = "cutoff_scan", endpoint = e, population = p, contrast = "high vs low", model = "each cut-off", at = v, statistic = "logrank", estimate = l$chisq, p_value = pchisq(l$chisq, 1, lower.tail = FALSE)) } }
  ## subgroups of the arms
  for (name in c("MARKERGR", "sex")) { v <- if (name == "sex") toupper(d$sex) else ifelse(d$high, "high", "low"); if (all(is.na(v))) next
    for (l in unique(v)) { w <- v == l; if (sum(s[w, 2]) && length(unique(d$arm[w])) == 2) { f <- fitted(cbind(as.numeric(d$arm[w])), s[w, , drop = FALSE])
      if (!is.null(f)) do.call(add, c(list(analysis = "subgroups", endpoint = e, population = "all", contrast = "experimental vs control", model = "subgroup", term = paste0(name, "[", l, "]"), statistic = "hazard_ratio", n = sum(w), events = sum(s[w, 2])), hr(f))) } } }
  ## landmark by response
  for (L in unlist(study$landmarks_months)) { w <- s[, 1] > L; g <- as.integer(!is.na(d$resp) & d$resp <= L)[w]; if (sum(w) < 4 || length(unique(g)) < 2) next
    sl <- s[w, , drop = FALSE]; sl[, 1] <- sl[, 1] - L; l <- try(survdiff(Surv(sl[, 1], sl[, 2]) ~ g), silent = TRUE)
    if (!inherits(l, "try-error") && sum(sl[, 2]) && l$chisq > 0) add(analysis = "sensitivity", endpoint = e, population = "all", contrast = "response vs no response", model = "landmark", at = L, statistic = "logrank", estimate = l$chisq, p_value = pchisq(l$chisq, 1, lower.tail = FALSE)) }
}

## response
rate <- list(ORR = d$bor %in% c("CR", "PR"), DCR = d$bor %in% c("CR", "PR", "SD"))
for (g in c(names(inside), paste0("@", names(groups)))) { who <- if (startsWith(g, "@")) groups[[substring(g, 2)]] else inside[[g]]; if (!any(who)) next
  where <- if (startsWith(g, "@")) list(population = "all", grp = substring(g, 2)) else list(population = g)
  for (e in c("ORR", "DCR")) { w <- wilson(sum(rate[[e]][who]), sum(who)); do.call(add, c(list(analysis = "response", endpoint = e, statistic = "rate", estimate = w[1], ci_low = w[2], ci_high = w[3], n = sum(who), events = sum(rate[[e]][who])), where)) }
  for (b in c("CR", "PR", "SD", "PD", "NE")) { w <- wilson(sum(d$bor[who] == b), sum(who)); do.call(add, c(list(analysis = "response", endpoint = "BOR", term = b, statistic = "rate", estimate = w[1], ci_low = w[2], ci_high = w[3]), where)) } }
for (k in comparisons) for (e in c("ORR", "DCR")) { w <- in_comparison(k); x <- d[w, ]; if (!nrow(x)) next; g <- one_of(k, x); if (length(unique(g)) < 2) next; r <- rate[[e]][w]
  t <- rbind(c(sum(r & g == 1), sum(!r & g == 1)), c(sum(r & g == 0), sum(!r & g == 0))); n <- rowSums(t)
  say <- function(...) add(analysis = "response", endpoint = e, population = k[1], contrast = k[2], n = sum(t), events = sum(t[, 1]), ...)
  if (all(colSums(t) > 0)) { for (y in c(TRUE, FALSE)) { z <- chisq.test(t, correct = y); say(statistic = if (y) "chi_square_corrected" else "chi_square", estimate = unname(z$statistic), p_value = z$p.value) }
    say(statistic = "fisher_exact", p_value = fisher.test(t)$p.value)
    if (all(dim(t) == 2)) { pr <- dhyper(max(0, sum(t[, 1]) - n[2]):min(n[1], sum(t[, 1])), n[1], n[2], sum(t[, 1])); own <- dhyper(t[1, 1], n[1], n[2], sum(t[, 1]))
      add(analysis = "small_sample", endpoint = e, population = k[1], contrast = k[2], statistic = "fisher_mid_p", p_value = sum(pr[pr < own * (1 - 1e-7)]) + sum(pr[abs(pr - own) <= 1e-7 * own]) / 2) } }
  p <- t[, 1] / n; w1 <- wilson(t[1, 1], n[1]); w2 <- wilson(t[2, 1], n[2]); dif <- p[1] - p[2]
  say(statistic = "risk_difference", estimate = dif, ci_low = dif - sqrt((p[1] - w1[2])^2 + (w2[3] - p[2])^2), ci_high = dif + sqrt((w1[3] - p[1])^2 + (p[2] - w2[2])^2))
  if (all(t > 0)) { or <- t[1, 1] * t[2, 2] / (t[1, 2] * t[2, 1]); se <- sqrt(sum(1 / t)); say(statistic = "odds_ratio", estimate = or, ci_low = or * exp(-Z * se), ci_high = or * exp(Z * se)) }
  if (all(t[, 1] > 0)) { rr <- p[1] / p[2]; se <- sqrt(sum(1 / t[, 1] - 1 / n)); say(statistic = "relative_risk", estimate = rr, ci_low = rr * exp(-Z * se), ci_high = rr * exp(Z * se)) } }
if (!is.na(cut)) for (e in c("ORR", "DCR")) { T <- table(factor(!d$arm, c(FALSE, TRUE)), factor(!rate[[e]], c(FALSE, TRUE)), factor(d$high, c(FALSE, TRUE)))
  okk <- apply(T, 3, function(t) all(rowSums(t) > 0) && all(colSums(t) > 0)); if (!any(okk)) next; T <- T[, , okk, drop = FALSE]
  z <- try(mantelhaen.test(T, correct = FALSE), silent = TRUE); if (inherits(z, "try-error") || dim(T)[3] < 2) next
  w <- list(analysis = "interaction", endpoint = e, population = "all", model = "stratified", contrast = "experimental vs control")
  do.call(add, c(w, list(statistic = "cochran_mantel_haenszel", estimate = unname(z$statistic), p_value = z$p.value)))
  if (is.finite(z$estimate) && z$estimate > 0) { do.call(add, c(w, list(statistic = "common_odds_ratio", estimate = unname(z$estimate), ci_low = z$conf.int[1], ci_high = z$conf.int[2])))
    bd <- sapply(1:2, function(i) { t <- T[, , i]; n <- sum(t); r <- sum(t[1, ]); c <- sum(t[, 1]); th <- z$estimate
      f <- function(x) x * (n - r - c + x) - th * (r - x) * (c - x); x <- uniroot(f, c(max(0, r + c - n), min(r, c)), tol = 1e-14)$root
      c((t[1, 1] - x), 1 / (1 / x + 1 / (r - x) + 1 / (c - x) + 1 / (n - r - c + x))) })
    X2 <- sum(bd[1, ]^2 / bd[2, ]); add(analysis = "interaction", endpoint = e, population = "all", model = "interaction", statistic = "breslow_day", estimate = X2, p_value = pchisq(X2, 1, lower.tail = FALSE))
    X2 <- X2 - sum(bd[1, ])^2 / sum(bd[2, ]); add(analysis = "interaction", endpoint = e, population = "all", model = "interaction", statistic = "tarone", estimate = X2, p_value = pchisq(max(0, X2), 1, lower.tail = FALSE)) } }

## baseline
numbers <- list(age = d$age, MARKER = d$marker); for (c in study$covariates) if (c$kind == "number") numbers[[c$name]] <- as.numeric(d[[c$name]])
for (v in names(numbers)) for (g in c("", names(groups)[1:4])) { who <- if (g == "") rep(TRUE, nrow(d)) else groups[[g]]; x <- numbers[[v]][who]; x <- x[!is.na(x)]; if (length(x) < 2) next
  q <- quantile(x, c(.25, .5, .75)); val <- list(mean = mean(x), sd = sd(x), median = q[[2]], q1 = q[[1]], q3 = q[[3]], min = min(x), max = max(x))
  for (s in names(val)) do.call(add, c(list(analysis = "baseline", population = "all", term = v, statistic = s, estimate = val[[s]], n = length(x)), if (g != "") list(grp = g))) }
for (v in names(numbers)) { x <- numbers[[v]]; a <- x[d$arm & !is.na(x)]; b <- x[!d$arm & !is.na(x)]; if (length(a) > 1 && length(b) > 1 && var(a) + var(b) > 0) add(analysis = "baseline", population = "all", contrast = "experimental vs control", term = v, statistic = "standardized_difference", estimate = (mean(a) - mean(b)) / sqrt((var(a) + var(b)) / 2)) }
finish()
