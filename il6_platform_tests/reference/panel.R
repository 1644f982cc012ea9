# Reference values for a panel of markers. R 4.2.2, survival 3.5-3, pROC 1.18.0, maxstat 0.7-25 (Debian 12).
# breast_cancer.csv: 198 patients, time to distant metastasis, oestrogen receptor, the first 24 of 76 genes of Desmedt et al.
# (Clin Cancer Res 2007, GSE7390), as scikit-survival 0.28 ships them, to three decimals.
options(digits=15); suppressPackageStartupMessages({library(survival);library(pROC);library(maxstat);library(jsonlite)})
d <- read.csv("breast_cancer.csv"); genes <- grep("^X", names(d), value=TRUE); d$quarter <- ceiling(d$time/91.3125)
ctl <- coxph.control(eps=1e-14, toler.chol=1e-12, iter.max=60); R <- list()
one <- function(f) list(coef=unname(coef(f)), se=unname(sqrt(diag(f$var))), loglik=f$loglik[2])
for(tm in c("time","quarter")) for(g in genes) { d$x <- log2(d[[g]]); s <- function(rest) coxph(as.formula(paste0("Surv(",tm,",event)~",rest)), d, ties="efron", control=ctl)
  R[[tm]][[g]] <- list(one=one(s("x")), main=one(s("er+x")), product=one(s("er*x")), stratified=one(s("x+strata(er)")), apart=one(s("x+x:er+strata(er)"))) }
d$case <- ifelse(d$time>1825, 0, ifelse(d$event==1, 1, NA))
for(g in genes) { m <- maxstat.test(as.formula(paste("Surv(time,event)~",g)), d[1:60,], smethod="LogRank", pmethod="none", minprop=0.1, maxprop=0.9)
  R$maxstat[[g]] <- unname(m$statistic); R$auc[[g]] <- as.numeric(auc(roc(d$case, d[[g]], direction="<", quiet=TRUE))) }
write_json(R,"panel.json",digits=I(15),auto_unbox=TRUE,pretty=FALSE,na="null",null="null")
