# Reference values for weighting, landmark and imputation. R 4.2.2, survival 3.5-3, mice 3.15.0 (Debian 12).
# Run in this folder: Rscript adjustment.R. Writes adjustment.json, heart.csv (survival::jasa, one row a patient).
options(digits=15); suppressPackageStartupMessages({library(survival);library(jsonlite);library(mice)})
R <- list()

## ---- weighting: colon, Lev+5FU against observation, complete cases of the covariates
col <- read.csv("colon.csv"); terms <- c("age","sex","obstruct","perfor","adhere","nodes","extent","surg")
d <- col[col$rx!="Lev" & complete.cases(col[terms]),]; d$arm <- as.integer(d$rx=="Lev+5FU")
ridge <- function(X,y,C) {               # ridge logistic by Newton; intercept free; penalty |b|^2/(2C)
  X1 <- cbind(1,X); P <- diag(c(0,rep(1/C,ncol(X)))); b <- rep(0,ncol(X1))
  for(i in 1:100){ p <- plogis(drop(X1%*%b)); g <- crossprod(X1,y-p)-P%*%b; s <- solve(crossprod(X1*(p*(1-p)),X1)+P,g); b <- b+drop(s); if(max(abs(s))<1e-13) break }
  plogis(drop(X1%*%b)) }
one <- function(d,C=1) {
  X <- as.matrix(d[terms]); for(v in colnames(X)) if(length(unique(X[,v]))>2) X[,v] <- (X[,v]-mean(X[,v]))/sqrt(mean((X[,v]-mean(X[,v]))^2))
  e <- ridge(X,d$arm,C); pa <- mean(d$arm); a <- d$arm
  auc <- mean(outer(e[a==1],e[a==0],">")+.5*outer(e[a==1],e[a==0],"=="))
  W <- list(ate=ifelse(a==1,pa/e,(1-pa)/(1-e)),overlap=ifelse(a==1,1-e,e))
  bal <- function(w) sapply(terms,function(v){x<-d[[v]];s2<-function(x) if(all(x%in%0:1)) mean(x)*(1-mean(x)) else var(x)
     unname((weighted.mean(x[a==1],w[a==1])-weighted.mean(x[a==0],w[a==0]))/sqrt((s2(x[a==1])+s2(x[a==0]))/2))})
  o <- list(n=nrow(d),auc=auc,score=list(first=unname(e[1:5]),sum=sum(e)),balance_unweighted=as.list(bal(rep(1,nrow(d)))))
  for(k in names(W)){ w<-W[[k]]; f<-coxph(Surv(time_os,status_os)~arm,d,weights=w,robust=TRUE); ess<-function(w) sum(w)^2/sum(w^2)
    times<-c(100,365,730,1095,1825)
    km<-lapply(c(control=0,experimental=1),function(g){s<-survfit(Surv(time_os,status_os)~1,d[a==g,],weights=w[a==g],robust=TRUE,conf.type="log-log");z<-summary(s,times=times,extend=TRUE)
      list(time=times,surv=z$surv,se=z$std.err,lower=z$lower,upper=z$upper)})
    o[[k]]<-list(ess=list(control=ess(w[a==0]),experimental=ess(w[a==1])),balance=as.list(bal(w)),
      cox=list(coef=unname(coef(f)),robust_se=sqrt(f$var[1]),naive_se=sqrt(f$naive.var[1])),km=km) }
  o }
R$weighting <- list(terms=terms,colon=one(d),first53=one(d[1:53,]),colon_C0.05=one(d,.05)[c("auc","score")])

## ---- landmark: Stanford heart transplants (Crowley & Hu 1977), transplant taken as the response
h <- data.frame(time=jasa$futime,event=jasa$fustat,response_time=jasa$wait.time); write.csv(h,"heart.csv",row.names=FALSE,na="")
R$landmark <- lapply(c("30"=30,"60"=60,"90"=90),function(L){ k<-h[h$time>L,]; k$resp<-as.integer(!is.na(k$response_time)&k$response_time<=L); k$t<-k$time-L
  f<-coxph(Surv(t,event)~resp,k); s<-survdiff(Surv(t,event)~resp,k); km<-function(g){m<-survfit(Surv(t,event)~1,k[k$resp==g,],conf.type="log-log");q<-quantile(m,.5);list(n=sum(k$resp==g),median=unname(q$quantile),ci=unname(c(q$lower,q$upper)))}
  list(n=nrow(k),events=sum(k$event),excluded_event=sum(h$time<=L&h$event==1),excluded_censored=sum(h$time<=L&h$event==0),logrank=s$chisq,p=pchisq(s$chisq,1,lower.tail=FALSE),
   coef=unname(coef(f)),se=sqrt(f$var[1]),groups=list(no_response=km(0),response=km(1))) })

## ---- Rubin's rules: mice on lung, coxph, pool() (Barnard & Rubin df from events - terms)
l <- lung; l$event <- as.integer(l$status==2); l$na <- nelsonaalen(l,time,event)
v <- c("event","na","age","sex","ph.ecog","ph.karno","wt.loss","meal.cal")
im <- mice(l[c(v,"time")],m=5,seed=1,printFlag=FALSE,predictorMatrix={p<-make.predictorMatrix(l[c(v,"time")]);p[,"time"]<-0;p})
fit <- with(im,coxph(Surv(time,event)~age+sex+ph.ecog+wt.loss)); po <- summary(pool(fit),conf.int=TRUE)
pl <- pool(fit)$pooled
R$rubin <- list(terms=as.character(po$term),q=lapply(fit$analyses,function(f) unname(coef(f))),u=lapply(fit$analyses,function(f) unname(diag(vcov(f)))),
  dfcom=fit$analyses[[1]]$nevent-4,estimate=po$estimate,se=po$std.error,df=po$df,p=po$p.value,low=po[["2.5 %"]],high=po[["97.5 %"]],fmi=pl$fmi,riv=pl$riv,
  infinite_df={s<-pool.scalar(sapply(fit$analyses,function(f) coef(f)[4]),sapply(fit$analyses,function(f) vcov(f)[4,4]),n=Inf);s[c("qbar","t","df","fmi")]})
many <- mice(l[c(v,"time")],m=200,seed=2,printFlag=FALSE,predictorMatrix={p<-make.predictorMatrix(l[c(v,"time")]);p[,"time"]<-0;p})
pm <- pool(with(many,coxph(Surv(time,event)~age+sex+ph.ecog+wt.loss))); s<-summary(pm)
R$mice_lung_m200 <- list(note="predictive mean matching, 200 imputations; auxiliary ph.karno, meal.cal",term=as.character(s$term),estimate=s$estimate,se=s$std.error,fmi=pm$pooled$fmi)
cc <- coxph(Surv(time,event)~age+sex+ph.ecog+wt.loss,l); R$lung_complete_case <- list(n=cc$n,events=cc$nevent,coef=unname(coef(cc)),se=unname(sqrt(diag(vcov(cc)))))
write_json(R,"adjustment.json",digits=I(15),auto_unbox=TRUE,pretty=TRUE,na="null",null="null")
