"""How the page looks: light and dark, on a screen and on paper."""

CSS = """
:root { --ink:#1d2430; --soft:#5b6676; --line:#dfe4ea; --paper:#ffffff; --ground:#f5f7f9; --blue:#0072B2;
  --warn:#fdf4e3; --warn-line:#E69F00; }
@media (prefers-color-scheme: dark) {
  :root { --ink:#e6eaf0; --soft:#9aa6b6; --line:#303946; --paper:#1a2029; --ground:#12161c; --blue:#6cb8e6;
    --warn:#2b2415; --warn-line:#b98410; }
  /* A figure is drawn on white: turned dark without changing its hues. */
  figure img { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin:0 auto; padding:2.5rem 1.5rem 4rem; max-width:1320px; background:var(--ground); color:var(--ink);
  font:16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size:2rem; line-height:1.2; margin:0 0 .4rem; letter-spacing:-.01em; }
h2 { font-size:1.25rem; margin:0 0 .7rem; }
p, ul { margin:.4rem 0 .8rem; max-width:46rem; }
ul { padding-left:1.2rem; }
li { margin:.2rem 0; }
a { color:var(--blue); text-decoration:none; }
a:hover { text-decoration:underline; }
.lead { color:var(--soft); font-size:1.05rem; }
.cards { display:grid; grid-template-columns:repeat(auto-fit, minmax(150px, 1fr)); gap:.8rem; margin:1.2rem 0 0; }
.cards div { background:var(--paper); border:1px solid var(--line); border-radius:10px; padding:.8rem 1rem; }
.cards dt { color:var(--soft); font-size:.85rem; }
.cards dd { margin:.1rem 0 0; font-size:1.65rem; font-weight:650; line-height:1.25;
  font-variant-numeric:tabular-nums; }
.cards small { display:block; font-size:.8rem; font-weight:400; color:var(--soft); }
nav { margin:1.4rem 0; font-size:.92rem; }
nav ol { list-style:none; margin:0; padding:0; display:flex; flex-wrap:wrap; gap:.2rem 1.1rem; }
section { background:var(--paper); border:1px solid var(--line); border-radius:12px; padding:1.3rem 1.5rem;
  margin:0 0 1.1rem; scroll-margin-top:1rem; }
section.warning { background:var(--warn); border-color:var(--warn-line); }
.figures { display:grid; grid-template-columns:repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap:1.2rem;
  margin:1rem 0; align-items:start; }
figure { margin:0; width:100%; max-width:600px; }
figure.broad { grid-column:1 / -1; max-width:860px; }
figure img { display:block; width:100%; height:auto; border-radius:6px; }
figcaption { color:var(--soft); font-size:.87rem; line-height:1.45; margin-top:.4rem; }
.wide { overflow-x:auto; margin:.8rem 0 .3rem; }
table { border-collapse:collapse; font-size:.86rem; font-variant-numeric:tabular-nums; }
th, td { text-align:left; padding:.34rem .75rem .34rem 0; border-bottom:1px solid var(--line); vertical-align:top; }
th { color:var(--soft); font-weight:600; border-bottom-width:2px; }
td.n { text-align:right; white-space:nowrap; }
th.n { text-align:right; vertical-align:bottom; }
td:not(.n) { overflow-wrap:anywhere; min-width:6.5rem; }
.more { color:var(--soft); font-size:.85rem; }
@media (min-width:1180px) {
  body { display:grid; grid-template-columns:170px minmax(0, 1fr); column-gap:2rem; }
  header { grid-column:1 / -1; margin-bottom:1.4rem; }
  nav { position:sticky; top:1.2rem; align-self:start; margin:.3rem 0; }
  nav ol { display:block; }
  nav li { padding:.22rem 0; }
}
@media print {
  html { color-scheme:light; }
  :root { --ink:#000; --soft:#444; --line:#ccc; --paper:#fff; --ground:#fff; --blue:#000; --warn:#fff; }
  body { display:block; max-width:none; padding:0; font-size:11pt; }
  nav { display:none; }
  section { border:0; border-top:1px solid var(--line); border-radius:0; padding:1rem 0; }
  figure, tr { break-inside:avoid; }
  h2 { break-after:avoid; }
  .wide { overflow:visible; }
  figure img { filter:none; mix-blend-mode:normal; }
}
"""
