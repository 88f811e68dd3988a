# What R's spc says of CUSUM and EWMA charts, over the range that budgets ask for: tests/unit/stats/test_against_spc.py
# holds ours to it.
#
#     apt-get install r-cran-spc
#     Rscript benchmarks/detection/spc.R > tests/unit/stats/spc.csv
library(spc)

row <- function(what, sides, reference, threshold, shift, start, value)
    cat(sprintf("%s,%s,%.10g,%.10g,%.10g,%.10g,%.10g\n", what, sides, reference, threshold, shift, start, value))

cat(sprintf("# R %s, spc %s\n", getRversion(), packageVersion("spc")))
cat("what,sides,reference,threshold,shift,start,value\n")

for (sides in c("one", "two")) for (k in if (sides == "one") .5 else c(.25, .5, 1)) for (arl in c(50, 500, 8760, 1e6)) {
    h <- xcusum.crit(k, arl, sided = sides, r = 100)
    row("cusum.crit", sides, k, h, 0, 0, arl)
    for (shift in c(.25, .5, 1, 2, 5))
        row("cusum.arl", sides, k, h, shift, 0, xcusum.arl(k, h, shift, sided = sides, r = 100))
}
for (h in c(3, 5, 8)) for (start in c(.25, .5)) for (shift in c(0, .5, 2))
    row("cusum.arl", "two", .5, h, shift, start, xcusum.arl(.5, h, shift, hs = start * h, sided = "two", r = 100))
for (l in c(.05, .2, .8)) for (arl in c(50, 500, 8760, 1e6)) {
    c <- xewma.crit(l, arl, sided = "two", r = 100)
    row("ewma.crit", "two", l, c, 0, 0, arl)
    for (shift in c(.5, 1, 3))
        row("ewma.arl", "two", l, c, shift, 0, xewma.arl(l, c, shift, sided = "two", r = 100))
}
for (k in c(.25, .5, 1)) for (h in c(3, 5)) for (shift in c(.5, 1, 2, 3))
    row("cusum.ad", "two", k, h, shift, 0, xcusum.ad(k, h, shift, sided = "two", r = 40))
