# The five figures of the expression track, drawn by ggplot2 from their source tables.
#
#   Rscript figures/gene_expression/redraw.R [folder of the .csv files] [folder for the pictures]
#
# Needs R and ggplot2 and nothing else. Every table is one that 02_publication_figures.ipynb writes.

library(ggplot2)

arguments <- commandArgs(trailingOnly = TRUE)
source_dir <- if (length(arguments) >= 1) arguments[1] else "figures/gene_expression"
target_dir <- if (length(arguments) >= 2) arguments[2] else file.path(source_dir, "r")
dir.create(target_dir, showWarnings = FALSE, recursive = TRUE)

read <- function(name) {
  path <- file.path(source_dir, paste0(name, ".csv"))
  if (!file.exists(path)) {
    stop(path, " is missing; run 02_publication_figures.ipynb first, or name its folder")
  }
  read.csv(path, check.names = FALSE, stringsAsFactors = FALSE)
}

save <- function(plot, name, width, height) {
  ggsave(file.path(target_dir, paste0(name, ".png")), plot,
    width = width, height = height, units = "mm", dpi = 300)
}

blue <- "#0072B2"
grey <- "#8C8C8C"
theme_set(theme_classic(base_size = 7) +
  theme(strip.background = element_blank(), legend.position = "bottom"))

# Figure 1: predicted against measured ---------------------------------------------------------
points <- read("figure1_model_performance")
points$task <- factor(points$task, levels = unique(points$task))
figure1 <- ggplot(points, aes(x = y, y = p)) +
  geom_bin2d(bins = 40) +
  geom_abline(linetype = "dashed", linewidth = 0.3) +
  facet_wrap(~task) +
  scale_fill_gradient(low = "#DEF5E5", high = "#0B0405", trans = "log10", name = "promoters") +
  coord_equal() +
  labs(x = "measured expression (log2)", y = "predicted expression (log2)")
save(figure1, "figure1_model_performance", 183, 110)

# Figure 2: errors ------------------------------------------------------------------------------
errors <- read("figure2_error_analysis")
panel <- function(name) errors[errors$panel == name, ]
draw <- list(
  distribution = ggplot(panel("distribution"), aes(x = x, y = value)) +
    geom_col(fill = blue, width = diff(panel("distribution")$x[1:2])) +
    labs(x = "predicted - measured (log2)", y = "share of predictions"),
  level = ggplot(panel("level"), aes(x = x, y = value, shape = series)) +
    geom_hline(yintercept = 0, colour = grey, linewidth = 0.3) +
    geom_errorbar(aes(ymin = low, ymax = high), width = 0, linewidth = 0.3) +
    geom_point(colour = blue) +
    labs(x = "measured expression (log2), tenths", y = "error (log2)"),
  relative = ggplot(panel("relative"), aes(x = value, y = task, group = task)) +
    geom_line(colour = blue) +
    geom_point(colour = blue) +
    labs(x = "|error| / deviation (5, 25, 50, 75, 95 %)", y = NULL),
  quantiles = ggplot(panel("quantiles"), aes(x = x, y = value)) +
    geom_abline(linetype = "dashed", linewidth = 0.3) +
    geom_point(colour = blue, size = 0.4) +
    labs(x = "normal quantile", y = "quantile of the error")
)
for (name in names(draw)) save(draw[[name]], paste0("figure2_error_analysis_", name), 89, 65)

# Figure 3: cell types ----------------------------------------------------------------------------
cells <- read("figure3_cell_type_performance")
cells$task <- factor(cells$task, levels = rev(unique(cells$task)))
figure3 <- ggplot(cells, aes(x = value, y = task, colour = model, shape = model)) +
  geom_errorbar(aes(xmin = ci_low, xmax = ci_high), width = 0, linewidth = 0.4,
    position = position_dodge(width = 0.5), orientation = "y") +
  geom_point(position = position_dodge(width = 0.5)) +
  facet_wrap(~metric, scales = "free_x") +
  scale_colour_manual(values = c(ours = blue, baseline = "#009E73", control = grey,
    ceiling = "#262626")) +
  labs(x = "value (bar: 95 % interval)", y = NULL)
save(figure3, "figure3_cell_type_performance", 183, 80)

# Figure 4: models ---------------------------------------------------------------------------------
models <- read("figure4_model_comparison")
models$task <- factor(models$task, levels = unique(models$task))
limits <- models[models$model == "ceiling", ]
shown <- models[models$model != "ceiling", ]
shown$star <- ifelse(!is.na(shown$p_holm) & shown$p_holm < 0.05 & shown$difference > 0, "*", "")
figure4 <- ggplot(shown, aes(x = value, y = reorder(model, value))) +
  geom_vline(data = limits, aes(xintercept = value), linetype = "dashed", linewidth = 0.3) +
  geom_errorbar(aes(xmin = ci_low, xmax = ci_high), width = 0, linewidth = 0.4,
    orientation = "y") +
  geom_point(colour = blue) +
  geom_text(aes(x = ci_high, label = star), hjust = -0.6, size = 3) +
  facet_wrap(~task) +
  labs(x = "Pearson r (bar: 95 % interval; dashed: noise ceiling)", y = NULL)
save(figure4, "figure4_model_comparison", 183, 110)

# Figure 5: attention --------------------------------------------------------------------------------
focus <- read("figure5_attention_mechanism")
maps <- focus[focus$panel %in% c("attention", "attribution"), ]
first <- maps[maps$id == maps$id[1], ]
boxes <- focus[focus$panel == "element" & focus$id == maps$id[1], ]
for (name in c("attention", "attribution")) {
  figure <- ggplot(first[first$panel == name, ], aes(x = position, y = group, fill = value)) +
    geom_tile() +
    geom_rect(data = boxes, inherit.aes = FALSE, fill = NA, colour = "#D55E00", linewidth = 0.3,
      aes(xmin = low - 0.5, xmax = high + 0.5, ymin = -Inf, ymax = Inf)) +
    scale_fill_gradient2(low = "#2166AC", high = "#B2182B", name = name) +
    labs(x = paste("position in", maps$id[1], "(nt)"), y = NULL)
  save(figure, paste0("figure5_attention_mechanism_", name), 183, 60)
}
numbers <- focus[focus$panel %in% c("enrichment", "auroc"), ]
figure5 <- ggplot(numbers, aes(x = value, y = group, shape = series)) +
  geom_errorbar(aes(xmin = low, xmax = high), width = 0, linewidth = 0.4,
    position = position_dodge(width = 0.5), orientation = "y") +
  geom_point(position = position_dodge(width = 0.5), colour = blue) +
  facet_wrap(~panel, scales = "free") +
  labs(x = NULL, y = NULL)
save(figure5, "figure5_attention_mechanism_numbers", 183, 80)
