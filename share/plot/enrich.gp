# enrich.gp - gene sets as dots. $set: place, x, genes, colour; label[1..label_n] from the top; x is
# -log10 of q_name, or the normalised enrichment score (gsea). dot[1..dot_n]: sizes for the key.
unset key
set xtics x_tic
set yrange [label_n + 0.7 : 0.3]
set ytics ()
set for [i=1:label_n] ytics add (tic_text(label[i]) i) scale 0
set border 1
if (gsea) { set offsets graph 0.06, graph 0.06, 0, 0 } else { set xrange [0:*]; set offsets 0, graph 0.06, 0, 0 }
minus_log(what) = '−log₁₀ ' . what
set xlabel xname((gsea ? 'Normalised enrichment score' : minus_log(q_name)))
dot_size(genes) = grow * (0.35 + 0.95 * sqrt(genes / (1. * dot_most)))
if (term) {
    plot $set using 2:1 with points pointtype 'o'
} else {
    set palette defined (0 '#440154', 1 '#482878', 2 '#3e4989', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', \
        6 '#35b779', 7 '#6ece58', 8 '#b5de2b')
    set lmargin at screen name_margin(label_width)
    side = 1.2 * points_of_text / 8. / width       # for the keys, of the width
    bar = 0.75 * side
    set rmargin at screen 1 - side
    set colorbox user origin screen 1 - bar, screen 0.55 size screen 0.02, screen 0.33
    set cblabel (gsea ? minus_log(word(q_name, 1)) : 'times expected') offset character 0.5, 0 textcolor rgb ink
    set cbtics hue_tic scale 0.3
    if (!gsea) { set logscale cb; set cbtics 1,2 format '%g' }
    set key at screen 1 - bar - 0.02, screen 0.45 left top Left reverse samplen 0.5 spacing 1.3 width -1
    set arrow 900 from (gsea ? 0 : alpha_line), graph 0 to (gsea ? 0 : alpha_line), graph 1 nohead back \
        linecolor rgb grey linewidth 0.8 dashtype 3
    set grid ytics linecolor rgb '#eeeeee' linetype 1 linewidth 0.6
    plot $set using 2:1:(dot_size($3)):(gsea || $4 > 0.1 ? $4 : 0.1) with points pointtype 7 pointsize variable linecolor palette notitle, \
        for [i=1:dot_n] NaN with points pointtype 7 pointsize dot_size(dot[i]) linecolor rgb grey \
            title sprintf('%g genes', dot[i])
}
