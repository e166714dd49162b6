# pca.gp - samples on two components. $sample: pc1, pc2, colour, mark; level[1..level_n] are the colours (0:
# missing), form[1..form_n] the marks; or the colour is a number (scale).
set xlabel xname(sprintf('PC1 (%.1f%% of the variance)', share1))
y_name = yname(sprintf('PC2 (%.1f%%)', share2))
eval set_y
set xrange [x_low : x_high]
set yrange [y_low : y_high]
set xtics x_tic
set ytics y_tic
array solid[8] = [7, 9, 5, 13, 11, 15, 3, 2]
array hollow[8] = [6, 8, 4, 12, 10, 14, 1, 2]
# with marks for another annotation, every second colour has hollow ones: a grey print tells them apart
form_mark(i, k) = k == 0 ? 2 : i % 2 == 0 && i > 0 ? hollow[k] : solid[k]
named = level_n > 1 || (level_n == 1 && level[1] ne '')
formed = form_n > 1 || (form_n == 1 && form[1] ne '')
if (named || formed) {
    set key outside top center horizontal Left reverse samplen 0.5 width key_width(level_width > form_width ? level_width : form_width) + 1
} else { unset key }
if (!scale && !formed) {
    plot $sample using 1:($3 == 0 ? $2 : NaN) with points pointtype 2 pointsize 0.6*grow linecolor rgb grey \
            title (missing ? 'missing' : ''), \
        for [i=1:level_n] $sample using 1:($3 == i ? $2 : NaN) with points pointtype (term ? i : solid[i]) \
            pointsize 0.6*grow linecolor rgb colour[i] title level[i]
}
if (!scale && formed) {
    plot for [i=0:level_n] for [k=0:form_n] $sample using 1:($3 == i && $4 == k ? $2 : NaN) with points \
            pointtype (term ? i : form_mark(i, k)) pointsize 0.6*grow linecolor rgb (i ? colour[i] : grey) notitle, \
        for [i=1:level_n] NaN with points pointtype (term ? i : form_mark(i, 3)) pointsize 0.6*grow linecolor rgb colour[i] \
            title (named ? level[i] : ''), \
        for [k=1:form_n] NaN with points pointtype (term ? 33 : solid[k]) pointsize 0.6*grow linecolor rgb grey title form[k]
}
if (scale) {
    set palette defined (0 '#440154', 1 '#482878', 2 '#3e4989', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', \
        6 '#35b779', 7 '#6ece58', 8 '#b5de2b')
    set cblabel scale_name textcolor rgb ink
    plot for [k=0:form_n] $sample using 1:($4 == k ? $2 : NaN):3 with points pointtype (k ? solid[k] : 2) \
            pointsize 0.6*grow linecolor palette notitle, \
        for [k=1:form_n] NaN with points pointtype solid[k] pointsize 0.6*grow linecolor rgb grey \
            title (formed ? form[k] : '')
}
