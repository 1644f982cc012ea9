# Reference values for weighted, stratified and robust Cox models. R 4.2.2, survival 3.5-3 (Debian 12).
# Run in this folder: Rscript regression.R. Writes regression.json.
options(digits=15); suppressPackageStartupMessages({library(survival);library(jsonlite)})
R <- list()
ctl <- coxph.control(eps=1e-14, toler.chol=1e-12, iter.max=60)
col <- read.csv("colon.csv"); terms <- c("age","sex","obstruct","perfor","adhere","nodes","extent","surg")
d <- col[col$rx!="Lev" & complete.cases(col[terms]),]; d$arm <- as.integer(d$rx=="Lev+5FU")
d$month <- ceiling(d$time_os/30.4375); d$quarter <- ceiling(d$time_os/91.3125)  # heavily tied
d$w <- 0.25 + (d$age %% 7)/3

describe <- function(f, strata=FALSE) {
  z <- tryCatch(cox.zph(f, transform="km")$table, error=function(e) NULL); cc <- concordance(f)
  list(n=f$n, events=f$nevent, coef=unname(coef(f)), var=unname(f$var), naive=unname(if(is.null(f$naive.var)) f$var else f$naive.var), loglik=f$loglik,
       zph=if(is.null(z)) NULL else list(term=rownames(z), chisq=unname(z[,1]), df=unname(z[,2]), p=unname(z[,3])),
       concordance=unname(cc$concordance), concordance_se=sqrt(unname(cc$var))) }
forms <- list(arm=~arm, three=~arm+age+nodes)
R$models <- list()
for(tm in c("time_os","month","quarter")) for(fm in names(forms)) for(st in c("none","extent")) for(w in c("one","w")) {
  g <- update(forms[[fm]], as.formula(paste0("Surv(",tm,",status_os)~.", if(st!="none") "+strata(extent)" else "")))
  d$ww <- if(w=="one") rep(1,nrow(d)) else d$w
  rob <- coxph(g, d, weights=ww, robust=TRUE, ties="efron", control=ctl)
  o <- describe(rob)
  if(w=="one") { pl <- coxph(g, d, ties="efron", control=ctl); o$naive <- unname(pl$var); o$zph_plain <- unname(cox.zph(pl)$table[,1]) }
  R$models[[paste(tm,fm,st,w,sep="/")]] <- o }

## overlap and inverse probability weights of an unpenalised logistic model
prop <- function(d) { d$w <- NULL; g <- glm(reformulate(terms,"arm"), binomial, d, control=list(epsilon=1e-14,maxit=100)); e <- fitted(g); a <- d$arm; pa <- mean(a)
  W <- list(ate=ifelse(a==1,pa/e,(1-pa)/(1-e)), overlap=ifelse(a==1,1-e,e)); ess <- function(w) sum(w)^2/sum(w^2)
  auc <- mean(outer(e[a==1],e[a==0],">")+.5*outer(e[a==1],e[a==0],"=="))
  bal <- function(w) sapply(terms,function(v){x<-d[[v]];s2<-function(x) if(all(x%in%0:1)) mean(x)*(1-mean(x)) else var(x)
     unname((weighted.mean(x[a==1],w[a==1])-weighted.mean(x[a==0],w[a==0]))/sqrt((s2(x[a==1])+s2(x[a==0]))/2))})
  o <- list(n=nrow(d), auc=auc, score=list(first=unname(e[1:5]),sum=sum(e)), balance_unweighted=as.list(bal(rep(1,nrow(d)))))
  for(k in names(W)) { w <- W[[k]]; times<-c(100,365,730,1095,1825)
    f <- coxph(Surv(month,status_os)~arm, d, weights=w, robust=TRUE, control=ctl)
    km<-lapply(c(control=0,experimental=1),function(g){s<-survfit(Surv(time_os,status_os)~1,d[a==g,],weights=w[a==g],robust=TRUE,conf.type="log-log");z<-summary(s,times=times,extend=TRUE)
      list(time=times,surv=z$surv,se=z$std.err,lower=z$lower,upper=z$upper)})
    o[[k]] <- list(ess=list(control=ess(w[a==0]),experimental=ess(w[a==1])), balance=as.list(bal(w)), cox=list(coef=unname(coef(f)),robust_se=sqrt(f$var[1]),naive_se=sqrt(f$naive.var[1])), km=km) }
  o }
R$weighting <- list(terms=terms, colon=prop(d), first250=prop(d[1:250,]))

## profile likelihood interval of the treatment-by-marker product, and of one hazard ratio
profile <- function(time, event, x, z=NULL) {  # x: profiled column, z: other columns
  fit <- function(b) { off <- b*x; if(is.null(z)) coxph(Surv(time,event)~offset(off),control=ctl)$loglik[1] else max(coxph(Surv(time,event)~z+offset(off),control=ctl)$loglik) }
  all <- coxph(Surv(time,event)~cbind(z,x),control=ctl); b <- unname(tail(coef(all),1)); top <- max(all$loglik); se <- sqrt(tail(diag(as.matrix(all$var)),1))
  gap <- function(v) 2*(top-fit(v))-qchisq(.95,1)
  list(coef=b, lower=uniroot(gap,c(b-6*se,b),tol=1e-12)$root, upper=uniroot(gap,c(b,b+6*se),tol=1e-12)$root, p=pchisq(2*(top-fit(0)),1,lower.tail=FALSE)) }
high <- as.integer(d$nodes>=4)
R$profile <- list(interaction=profile(d$time_os,d$status_os,d$arm*high,cbind(d$arm,high)), interaction_tied=profile(d$quarter,d$status_os,d$arm*high,cbind(d$arm,high)),
  first60=profile(d$time_os[1:60],d$status_os[1:60],(d$arm*high)[1:60],cbind(d$arm,high)[1:60,]))

## limits of one hazard ratio that the score test does not reject, without ties (there it is the log-rank test)
score <- function(time, event, x) {
  all <- coxph(Surv(time,event)~x,control=ctl); b <- unname(coef(all)); q <- qnorm(.975)
  z <- function(v) sign(b-v)*sqrt(coxph(Surv(time,event)~x+offset(v*x),init=0,control=coxph.control(iter.max=0))$score)
  list(coef=b, lower=uniroot(function(v) z(v)-q,c(b-8,b),tol=1e-12)$root, upper=uniroot(function(v) z(v)+q,c(b,b+8),tol=1e-12)$root, logrank=survdiff(Surv(time,event)~x)$chisq) }
untied <- d$time_os + seq_len(nrow(d))/1e4
R$score <- list(whole=score(untied,d$status_os,d$arm), first60=score(untied[1:60],d$status_os[1:60],d$arm[1:60]))

## reverse Kaplan-Meier in which deaths of a day leave before censorings of that day
rev_km <- function(time,event) { s <- survfit(Surv(time-ifelse(event==1,1e-6,0),1-event)~1, conf.type="log-log"); q <- quantile(s,.5); round(c(q$quantile,q$lower,q$upper),4) }
tied <- data.frame(time=c(1,1,1,1,2,2,3,3,3,4), event=c(1,1,1,0,1,0,1,1,0,0))
R$follow_up <- list(time_os=unname(rev_km(d$time_os,d$status_os)), quarter=unname(rev_km(d$quarter,d$status_os)), tied=unname(rev_km(tied$time,tied$event)),
  tied_censorings_first=unname(quantile(survfit(Surv(time,1-event)~1,tied),.5)$quantile))
write_json(R,"regression.json",digits=I(15),auto_unbox=TRUE,pretty=FALSE,na="null",null="null")
