/**
 * The report's style sheet: one column of text, a colour for each family of algorithms, light, dark and print. Every
 * colour of text is at least 4.5:1 against the paper, every colour of a graphic 3:1, in both modes (page.test.ts).
 */

// oxfmt-ignore
export const LIGHT = {
  paper: '#fffefb', panel: '#f6f3ec', ink: '#1f1c17', muted: '#5f594e', rule: '#d9d3c6', link: '#1d5a8c',
  none: '#625d54', classical: '#2b63a8', 'ml-dsa': '#0b6b57', hybrid: '#7a3d9c', hash: '#935600', other: '#a83248',
} as const;

// oxfmt-ignore
export const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  paper: '#15171a', panel: '#1e2125', ink: '#ebe7de', muted: '#aba597', rule: '#3b3f45', link: '#8cbdf0',
  none: '#b0aa9d', classical: '#8fb8f0', 'ml-dsa': '#5ccbae', hybrid: '#d0a3e8', hash: '#e6b061', other: '#f2949f',
};

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:1.0625rem/1.6 Charter,"Bitstream Charter","Sitka Text",Cambria,Georgia,serif}
header,main,footer{max-width:48rem;margin:0 auto;padding:0 1rem}
header{padding-top:2.25rem}
h1,h2,h3,nav,table,figure,summary,.kicker,.facts,.caption,.how,.number,.missing{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.kicker{margin:0;color:var(--muted);font-size:.8125rem;font-weight:600;letter-spacing:.08em;text-transform:uppercase}
h1{margin:.5rem 0 1rem;font-size:clamp(1.6rem,1.2rem + 2vw,2.35rem);line-height:1.18;font-weight:700;letter-spacing:-.015em;text-wrap:balance}
h2{margin:3.5rem 0 1rem;font-size:1.4rem;line-height:1.25;letter-spacing:-.01em}
h3{margin:0 0 .35rem;font-size:1.0625rem;line-height:1.35}
p{margin:0 0 .75rem;text-wrap:pretty}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.facts{margin:0;color:var(--muted);font-size:.875rem;line-height:1.5}
.answer{margin:1.5rem 0 0;border-top:3px solid var(--ink)}
.answer section{display:grid;grid-template-columns:8.5rem 1fr;column-gap:1.5rem;padding:.9rem 0 .4rem;border-bottom:1px solid var(--rule)}
.answer h2{margin:.1rem 0 0;font-size:1rem;line-height:1.5;letter-spacing:0}
.answer ul{margin:0;padding:0;list-style:none}
.answer li{margin:0 0 .5rem;font-size:1rem;line-height:1.5;text-wrap:pretty}
.answer li b{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-size:.9375rem}
.answer .see{font-size:.8125rem;white-space:nowrap;font-family:system-ui,sans-serif}
.warning{border-left:4px solid var(--other);background:var(--panel);padding:.75rem 1rem;margin:1.5rem 0}
nav ol{margin:.5rem 0 0;padding:0;list-style:none;columns:2;column-gap:2rem;font-size:.875rem;line-height:1.45}
nav li{break-inside:avoid;padding:.2rem 0 .2rem 1.6rem;text-indent:-1.6rem}
nav .number{display:inline-block;width:1.6rem;text-indent:0;color:var(--muted);font-variant-numeric:tabular-nums}
.figure{margin:2.75rem 0 0;padding-top:1rem;border-top:1px solid var(--rule)}
.figure h3 .number{display:block;color:var(--muted);font-size:.8125rem;font-weight:600;letter-spacing:.04em}
.finding{font-size:1.0625rem}
figure{margin:1rem 0 .5rem}
svg.plot{display:block;width:100%;height:auto;overflow:visible}
svg.plot text{white-space:pre;font-variant-numeric:tabular-nums}
svg.plot + svg.plot{margin-top:1.25rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:24px}.pair svg.plot + svg.plot{margin:0}
.patterns{position:absolute;width:0;height:0}
.narrow{display:none;max-width:30rem}
figcaption{margin-top:.75rem;color:var(--muted);font-size:.875rem;line-height:1.5}
figcaption .how{display:block;margin-top:.25rem}
.key{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;margin:0 0 .75rem;padding:0;list-style:none;font-size:.8125rem}
.key li{display:flex;align-items:center;gap:.4rem}
.key svg{width:1.5rem;height:.85rem;flex:none}
.missing{margin:.25rem 0 0;color:var(--muted);font-size:.9375rem}
details{margin:.5rem 0 0}
summary{width:fit-content;padding:.25rem 0;cursor:pointer;color:var(--link);font-size:.875rem}
.scroll{overflow-x:auto;margin:.25rem 0 .5rem;max-width:100%}
table{border-collapse:collapse;font-size:.8125rem;line-height:1.4;font-variant-numeric:tabular-nums lining-nums}
.caption{margin:.75rem 0 0;color:var(--muted);font-size:.8125rem;line-height:1.4}
th,td{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule);font-weight:400;white-space:nowrap}
thead th{border-bottom:1.5px solid var(--ink);color:var(--muted);font-weight:600;vertical-align:bottom;white-space:normal;min-width:4rem}
tbody th{font-weight:600}
td.wrap{white-space:normal;min-width:16rem}
.n{text-align:right}
.sources{padding-left:2rem;font-size:.875rem;line-height:1.5;overflow-wrap:anywhere}
.sources li{margin:.35rem 0}
.sources b,dt{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.25rem;margin:0 0 1rem;font-size:.9375rem}
dd{margin:0;overflow-wrap:anywhere}
code{font:.875em ui-monospace,"Cascadia Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
footer{padding:2rem 1rem 4rem;color:var(--muted);font-size:.875rem}
@media (max-width:43rem){
header{padding-top:1.5rem}
.answer section{grid-template-columns:1fr}
.answer h2{margin-bottom:.35rem}
nav ol{columns:1}
.wide{display:none}.narrow{display:block}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
}
@media print{
@page{margin:16mm}
body{font-size:9.5pt;line-height:1.45;background:none}
header,main,footer{max-width:none;padding:0}
header{padding-top:0}
h1{font-size:19pt}
h2{margin-top:1.5rem}
.figure h3,.finding,.caption,section>h2{break-after:avoid}
.glance{break-inside:avoid}
.figure{break-inside:avoid;margin-top:1.25rem;padding-top:.6rem}
.figure h3 .number{display:inline}
.answer{margin-top:1rem}
.answer section{display:block;padding:.6rem 0 .3rem}
.answer h2{margin:0 0 .2rem}
.answer li{font-size:9.5pt}
li,tr{break-inside:avoid}
.wide{display:block;max-width:14.5cm}.narrow{display:none}
nav,details{display:none}
.scroll{overflow:visible}
thead th{min-width:0}
a{color:inherit;text-decoration:none}
.sources{font-size:7.5pt;line-height:1.35}
.sources a[href^="http"]::after{content:" (" attr(href) ")"}
}
`;
