# Reference values for models stratified by site. R 4.2.2, survival 3.5-3, metafor 3.8-1 (Debian 12).
# lung: 18 institutions of the North Central Cancer Treatment Group. Run in this folder: Rscript sites.R. Writes sites.json.
options(digits=15); suppressPackageStartupMessages({library(survival);library(metafor);library(jsonlite)})
ctl <- coxph.control(eps=1e-14, toler.chol=1e-12, iter.max=60)
lung <- read.csv("lung.csv"); d <- lung[!is.na(lung$inst),]; d$event <- as.integer(d$status==2); d$female <- d$sex-1; d$site <- factor(d$inst)
d$month <- ceiling(d$time/30.4375)  # heavily tied
m <- d[complete.cases(d[c("age","female","ph.ecog")]),]
describe <- function(f) list(n=f$n, events=f$nevent, coef=unname(coef(f)), se=unname(sqrt(diag(f$var))), loglik=f$loglik, score=unname(f$score))
R <- list()
for(tm in c("time","month")) {
  surv <- function(rest, data, ...) coxph(as.formula(paste0("Surv(",tm,",event)~",rest)), data, ties="efron", control=ctl, ...)
  one <- surv("female+strata(site)", d); b <- coef(one); k <- nlevels(d$site)
  own <- lapply(levels(d$site), function(s) { x <- d[d$site==s,]; f <- suppressWarnings(surv("female", x)); list(site=s, n=nrow(x), events=sum(x$event), coef=unname(coef(f)), se=sqrt(f$var[1])) })
  # score test of a hazard ratio of its own in each site, at the common one
  het <- suppressWarnings(coxph(as.formula(paste0("Surv(",tm,",event)~female:site+strata(site)")), d, ties="efron", init=rep(b,k), control=coxph.control(iter.max=0)))
  apart <- survdiff(as.formula(paste0("Surv(",tm,",event)~female+strata(site)")), d)
  R[[tm]] <- list(one=describe(one), many=describe(surv("age+female+ph.ecog+strata(site)", m)), product=describe(surv("female*age+strata(site)", d)),
    logrank=list(chisq=apart$chisq, p=pchisq(apart$chisq,1,lower.tail=FALSE)), sites=own, heterogeneity=unname(het$score),
    without=lapply(levels(d$site), function(s) c(list(site=s), describe(surv("female+strata(site)", d[d$site!=s,])))))
}
# sites that have an estimate of their own, pooled
z <- Filter(function(o) is.finite(o$coef) && abs(o$coef) < 5 && o$se < 5, R$time$sites)
f <- rma(yi=sapply(z,`[[`,"coef"), sei=sapply(z,`[[`,"se"), method="REML", test="knha", control=list(threshold=1e-12, maxiter=1000))
R$pooled <- list(sites=sapply(z,`[[`,"site"), mean=f$b[1], se=f$se, tau2=f$tau2, low=f$ci.lb, high=f$ci.ub)
# maximum likelihood of normal random effects (13 trials of BCG vaccine), with the profile interval of their mean
b <- escalc(measure="RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg); y <- as.numeric(b$yi); v <- as.numeric(b$vi)
g <- rma(y, v, method="ML", control=list(threshold=1e-12, maxiter=1000))
ll <- function(mu, t2) sum(dnorm(y, mu, sqrt(v+t2), log=TRUE)); top <- ll(g$b[1], g$tau2)
profile <- function(mu) optimize(function(t2) ll(mu, t2), c(0, 5), maximum=TRUE, tol=1e-12)$objective
gap <- function(mu) 2*(top-profile(mu)) - qchisq(.95,1)
common <- sum(y/v)/sum(1/v)
R$likelihood <- list(effects=y, errors=sqrt(v), mean=g$b[1], tau2=g$tau2, low=uniroot(gap,c(g$b[1]-2,g$b[1]),tol=1e-10)$root, high=uniroot(gap,c(g$b[1],g$b[1]+2),tol=1e-10)$root, common=common, common_se=1/sqrt(sum(1/v)))
write_json(R,"sites.json",digits=I(15),auto_unbox=TRUE,pretty=FALSE,na="null",null="null")
