# Times in R what bench_cutoff.py times here. Usage: Rscript bench_cutoff.R colon.csv resamples runs
# Prints one line a task: name, tab, median seconds. A task whose package is missing is left out.
suppressPackageStartupMessages(library(survival))
options(warn = -1)
given <- commandArgs(TRUE)
resamples <- as.integer(given[2])
runs <- as.integer(given[3])
colon <- read.csv(given[1])
colon <- colon[!is.na(colon$nodes), ]
n <- nrow(colon)
by <- 3 * 365.25
has <- function(package) suppressWarnings(requireNamespace(package, quietly = TRUE))
timed <- function(name, task) {
  set.seed(1)
  seconds <- replicate(runs, system.time(task())[["elapsed"]])
  cat(name, "\t", median(seconds), "\n", sep = "")
}

if (has("maxstat")) {
  timed("maxstat", function() {
    for (b in seq_len(resamples)) {
      d <- colon[sample(n, n, TRUE), ]
      cut <- maxstat::maxstat.test(Surv(time_os, status_os) ~ nodes, d, smethod = "LogRank")$estimate
      d$high <- d$nodes > cut
      coxph(Surv(time_os, status_os) ~ high, d)
    }
  })
}
known <- with(colon, time_os > by | status_os == 1)
e <- data.frame(nodes = colon$nodes, case = as.integer(with(colon, time_os <= by & status_os == 1)))[known, ]
if (has("pROC")) {
  timed("youden_proc", function() {
    for (b in seq_len(resamples)) {
      d <- e[sample(nrow(e), nrow(e), TRUE), ]
      r <- pROC::roc(d$case, d$nodes, levels = c(0, 1), direction = "<", quiet = TRUE)
      pROC::coords(r, x = "best", best.method = "youden", transpose = FALSE)
    }
  })
}
if (has("cutpointr")) {
  timed("youden_cutpointr", function() {
    suppressMessages(cutpointr::cutpointr(e, nodes, case,
      method = cutpointr::maximize_metric, metric = cutpointr::youden,
      direction = ">=", pos_class = 1, neg_class = 0, boot_runs = resamples, silent = TRUE
    ))
  })
}
