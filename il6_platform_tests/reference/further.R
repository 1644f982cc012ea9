# Reference values of competing risks, time-dependent accuracy, bands and meta-analysis:
# Rscript further.R > further.json   (Debian: r-cran-survival 3.5-3, -cmprsk 2.2-11, -km.ci 0.5-6,
# -riskregression 2022.11.28, -metafor 3.8-1, R 4.2.2). Run it in this folder: it reads its CSV.
suppressPackageStartupMessages({
  library(survival); library(cmprsk); library(km.ci); library(metafor); library(riskRegression)
  library(jsonlite)
})
R <- list()
colon <- read.csv("colon.csv"); lung <- read.csv("lung.csv"); veteran <- read.csv("veteran.csv")
lung$status <- lung$status - 1

# competing risks on recurrence (1) and death without recurrence (2), as in reference.R
ct <- ifelse(colon$status_rec == 1, colon$time_rec, colon$time_os)
cs <- ifelse(colon$status_rec == 1, 1, ifelse(colon$status_os == 1, 2, 0))
two <- colon$rx != "Lev"
g <- cuminc(ct[two], cs[two], colon$rx[two], cencode = 0)
x <- cbind(arm = as.integer(colon$rx == "Lev+5FU"), age = colon$age)[two, ]
f <- crr(ct[two], cs[two], x, failcode = 1)
f1 <- crr(ct[two], cs[two], x[, 1, drop = FALSE], failcode = 2)
cause <- coxph(Surv(ct[two], cs[two] == 1) ~ x, ties = "efron")
R$competing_two <- list(
  gray = list(stat = g$Tests[, 1], p = g$Tests[, 2]),
  crr = list(coef = unname(f$coef), se = unname(sqrt(diag(f$var))), loglik = f$loglik),
  crr_death = list(coef = unname(f1$coef), se = unname(sqrt(diag(f1$var)))),
  cause_specific = list(coef = unname(coef(cause)), se = unname(sqrt(diag(vcov(cause))))))
small <- data.frame(
  t = c(1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 10, 10, 11, 12, 12, 13),
  s = c(1, 2, 0, 1, 1, 2, 0, 1, 1, 0, 2, 1, 1, 0, 2, 1, 0, 1, 2, 0),
  g = rep(0:1, 10))
k <- cuminc(small$t, small$s, small$g, cencode = 0)
all <- timepoints(cuminc(small$t, small$s, cencode = 0), c(1, 3, 5, 7, 10, 12))
fs <- crr(small$t, small$s, small$g, failcode = 1)
R$competing_small <- list(data = as.list(small), gray = list(stat = k$Tests[, 1], p = k$Tests[, 2]),
  cif = list(times = c(1, 3, 5, 7, 10, 12), est = unname(all$est), var = unname(all$var)),
  crr = list(coef = unname(fs$coef), se = unname(sqrt(diag(fs$var)))))

# AUC(t) by inverse probability of censoring weights, Uno's and Harrell's C
accuracy <- function(time, event, marker, times, tau) {
  d <- data.frame(time = time, event = event, marker = marker)
  s <- Score(list(m = marker), formula = Surv(time, event) ~ 1, data = d, times = times,
             metrics = "auc", cens.method = "ipcw", cens.model = "km", conf.int = TRUE, null.model = FALSE,
             contrasts = FALSE)$AUC$score
  u <- concordance(Surv(time, event) ~ marker, data = d, timewt = "n/G2", ymax = tau, reverse = TRUE)
  h <- concordance(Surv(time, event) ~ marker, data = d, reverse = TRUE)
  list(times = times, auc = s$AUC, se = s$se, tau = tau, uno = unname(u$concordance),
       uno_se = sqrt(unname(u$var)), harrell = unname(h$concordance),
       harrell_se = sqrt(unname(h$var)))
}
R$accuracy <- list(
  veteran_karno = accuracy(veteran$time, veteran$status, -veteran$karno, c(30, 90, 180), 300),
  lung_age = accuracy(lung$time, lung$status, lung$age, c(180, 365, 600), 700),
  colon_age = accuracy(colon$time_os, colon$status_os, colon$age, c(365, 1095, 1825), 2000))

# simultaneous bands of the Kaplan-Meier curve
band <- function(d, method) {
  k <- km.ci(survfit(Surv(time, status) ~ 1, data = d), conf.level = 0.95, method = method)
  kept <- !is.na(k$lower)
  list(time = k$time[kept], lower = k$lower[kept], upper = k$upper[kept])
}
R$bands <- list(lung_hall_wellner = band(lung, "hall-wellner"), lung_log_hall = band(lung, "loghall"),
  lung_equal_precision = band(lung, "epband"), lung_log_equal = band(lung, "logep"),
  veteran_hall_wellner = band(veteran, "hall-wellner"), veteran_equal_precision = band(veteran, "epband"))

# random effects by REML with Hartung and Knapp's interval
meta <- function(yi, sei) {
  m <- rma(yi = yi, sei = sei, method = "REML", test = "knha", control = list(threshold = 1e-12, maxiter = 10000))
  p <- predict(m)
  list(yi = yi, sei = sei, mu = as.numeric(m$b), se = m$se, low = m$ci.lb, high = m$ci.ub,
       p = m$pval, tau2 = m$tau2, i2 = m$I2, q = m$QE, q_p = m$QEp, pi_low = p$pi.lb, pi_high = p$pi.ub)
}
data(dat.bcg, package = "metadat")
b <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
R$meta <- list(bcg = meta(as.numeric(b$yi), sqrt(b$vi)),
  homogeneous = meta(c(0.1, 0.12, 0.09, 0.11), c(0.2, 0.3, 0.25, 0.4)),
  two = meta(c(-0.8, 0.1), c(0.2, 0.3)), three = meta(c(0.5, 0.9, 0.1), c(0.1, 0.2, 0.15)))

# interaction of treatment with every cut-off of karno and of age: the largest likelihood ratio
profile <- function(time, event, arm, marker, least) {
  cuts <- sort(unique(marker)); keep <- sapply(cuts, function(c) min(table(factor(marker >= c, c(FALSE, TRUE)))) >= least)
  cuts <- cuts[keep]
  lr <- sapply(cuts, function(c) { h <- as.integer(marker >= c)
    2 * (coxph(Surv(time, event) ~ arm * h)$loglik[2] - coxph(Surv(time, event) ~ arm + h)$loglik[2]) })
  list(cutoffs = cuts, likelihood_ratio = lr, best = cuts[which.max(lr)], largest = max(lr))
}
R$interaction <- list(
  veteran_age = profile(veteran$time, veteran$status, as.integer(veteran$trt == 2), veteran$age, 14),
  colon_age = profile(colon$time_os[two], colon$status_os[two], as.integer(colon$rx == "Lev+5FU")[two], colon$age[two], 62))

cat(toJSON(R, digits = I(15), auto_unbox = TRUE, pretty = FALSE, na = "null"))
