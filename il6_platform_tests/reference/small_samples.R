suppressPackageStartupMessages({library(survival);library(jsonlite)})
# Small random samples with ties: Rscript small_samples.R cases.json small_samples.json
args <- commandArgs(TRUE); cs <- fromJSON(args[1], simplifyDataFrame=FALSE)
res <- lapply(cs, function(c) { s <- Surv(c$t, c$e); f <- survfit(s~1, conf.type="log-log"); q <- quantile(f,.5)
 lr <- tryCatch({ if (length(unique(c$g))<2 || sum(c$e)==0) NA else survdiff(s~c$g)$chisq }, error=function(e) NA)
 m <- tryCatch(suppressWarnings(coxph(s~x+g, data=c, control=coxph.control(eps=1e-13, iter.max=100))), error=function(e) NULL)
 z <- tryCatch(suppressWarnings(cox.zph(m)$table), error=function(e) NULL)
 at <- summary(f, times=5, extend=TRUE)
 list(t=c$t,e=c$e,x=c$x,g=c$g,median=unname(q$quantile),lower=unname(q$lower),upper=unname(q$upper),logrank=lr,
  beta=if(is.null(m)) NA else unname(coef(m)), se=if(is.null(m)) NA else unname(sqrt(diag(vcov(m)))), zph=if(is.null(z)) NA else unname(z[,1]), loglik=if(is.null(m)) NA else m$loglik,
  s5=at$surv,s5l=at$lower,s5u=at$upper) })
write_json(res, args[2], digits=I(15), auto_unbox=TRUE, na="null", null="null")
