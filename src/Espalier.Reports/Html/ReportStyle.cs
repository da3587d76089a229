namespace Espalier.Reports.Html;

/// <summary>
/// The look. Colours of series are from the Okabe-Ito set, which the colour-blind can tell apart, lightened for dark pages. No character
/// here needs escaping: a browser would not undo it inside a style.
/// </summary>
internal static class ReportStyle
{
    internal const string Css = """

        :root { color-scheme: light dark; --ground: #fcfcfa; --panel: #f3f3ee; --text: #1d2021; --quiet: #62666a; --line: #d9d9d2; --accent: #00664d; --heat: #00527f;
          --c0: #0072b2; --c1: #c44e00; --c2: #00805c; --c3: #b0578a; --c4: #8a6a00; --c5: #3d8fc4;
          --r0: #440154; --r1: #472d7b; --r2: #3b528b; --r3: #2c728e; --r4: #21868c; --r5: #259071; --r6: #459a3f; --r7: #6d9a1c; --r8: #949000; }
        @media (prefers-color-scheme: dark) { :root { --ground: #16191b; --panel: #202427; --text: #e6e6e1; --quiet: #a0a5a8; --line: #3a4044; --accent: #5fd0ad; --heat: #7cc8f7;
          --c0: #6cbcf0; --c1: #f58a42; --c2: #2fc795; --c3: #e59cc5; --c4: #e8bf4a; --c5: #a9b8f5;
          --r0: #8b74c9; --r1: #8087d8; --r2: #6f9ce0; --r3: #55b1dd; --r4: #45c3cb; --r5: #4fd0a8; --r6: #7fda7c; --r7: #b8df52; --r8: #f2e04a; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
        main { max-width: 1140px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .8rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.3rem; margin: 3rem 0 .4rem; padding-top: .9rem; border-top: 2px solid var(--accent); }
        h3 { font-size: 1.02rem; margin: 1.6rem 0 .3rem; }
        p { margin: .4rem 0 .8rem; max-width: 78ch; overflow-wrap: anywhere; }
        p.lead { font-size: 1.12rem; }
        p.how, .quiet { color: var(--quiet); }
        .quiet { font-size: .82rem; font-weight: 400; }
        .scroll { overflow-x: auto; margin: .8rem 0; }
        table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; min-width: 50%; }
        th, td { padding: .36rem .55rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
        th { font-weight: 600; vertical-align: bottom; }
        tbody th { vertical-align: top; min-width: 9.5rem; }
        tbody th.number { min-width: 0; }
        thead th { border-bottom: 2px solid var(--line); }
        th.number, td.number { text-align: right; white-space: nowrap; }
        th.span { text-align: center; }
        td .quiet, th .quiet { display: block; }
        tr.student td, tr.student th { background: var(--panel); }
        code, pre, .mono { font-family: ui-monospace, "SFMono-Regular", "DejaVu Sans Mono", Menlo, monospace; font-size: .85em; overflow-wrap: anywhere; }
        pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto; overflow-wrap: normal; line-height: 1.45; }
        ol.lineage { list-style: none; margin: .8rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .7rem 2rem; }
        ol.lineage li { position: relative; flex: 0 1 auto; width: 13.6rem; background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--c0); border-radius: 6px; padding: .5rem .8rem; }
        ol.lineage li.model { border-left-color: var(--c2); }
        ol.lineage li.shared { border: 1px dashed var(--quiet); background: none; }
        ol.lineage li + li::before { content: "→"; position: absolute; left: -1.75rem; top: .7rem; color: var(--quiet); font-size: 1.2rem; }
        ol.lineage b, ol.lineage span { display: block; }
        ul.strip { list-style: none; display: flex; flex-wrap: wrap; gap: 4px; padding: 0; margin: .3rem 0 1rem; }
        ul.strip li { min-width: 2.1rem; text-align: center; font-size: .8rem; padding: .1rem .35rem; border-radius: 4px; border: 1px solid var(--c0); }
        ul.strip li.gone { border: 1px dashed var(--c1); color: var(--quiet); text-decoration: line-through; }
        ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: 0; margin: .3rem 0 0; font-size: .85rem; }
        ul.legend svg { display: inline-block; width: 30px; height: 10px; margin: 0 .4rem 0 0; vertical-align: middle; }
        blockquote { margin: .5rem 0; padding: .2rem 0 .2rem .9rem; border-left: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; font-style: italic; max-width: 78ch; }
        ul.samples { list-style: none; padding: 0; margin: .6rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: .6rem; }
        ul.samples li { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .5rem .8rem; }
        ul.samples li.original { background: none; border-style: dashed; }
        ul.samples li.student { border-left: 4px solid var(--c2); }
        ul.samples b, ul.samples span { display: block; }
        .written { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; max-height: 18rem; overflow-y: auto; }
        ul.problems { border-left: 4px solid var(--c1); padding: .5rem .5rem .5rem 2rem; background: var(--panel); overflow-wrap: anywhere; }
        svg { display: block; width: 100%; max-width: 720px; height: auto; margin: .6rem 0; font-family: inherit; }
        svg text { font-size: 14px; fill: var(--text); }
        svg text.label { fill: var(--quiet); }
        svg text.middle { text-anchor: middle; }
        svg text.end { text-anchor: end; }
        svg text.cut { fill: var(--c1); font-weight: 600; }
        svg text.name { font-weight: 600; }
        svg text.name, svg text.halo { stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
        @media (min-width: 640px) { svg text { font-size: 10.5px; } }
        @media (min-width: 780px) { svg text { font-size: 8.6px; } }
        svg path, svg line, svg circle, svg polygon { vector-effect: non-scaling-stroke; }
        .grid { stroke: var(--line); stroke-width: 1; }
        .axis { stroke: var(--quiet); stroke-width: 1; fill: none; }
        line.cut { stroke: var(--c1); stroke-width: 1.5; stroke-dasharray: 5 3; }
        .line path, .faint path, .secondary path { fill: none; stroke: currentColor; stroke-linejoin: round; stroke-linecap: round; }
        .line path { stroke-width: 2; }
        .faint path { stroke-width: 1; opacity: .42; }
        .secondary path { stroke-width: 1.2; stroke-dasharray: 1 3; opacity: .8; }
        .marks path { stroke: currentColor; stroke-width: 1.5; fill: none; }
        .marks circle, .marks polygon { fill: var(--ground); stroke: currentColor; stroke-width: 2; }
        .dash1 path { stroke-dasharray: 7 4; }
        .dash2 path { stroke-dasharray: 2 4; }
        .dash3 path { stroke-dasharray: 11 3 2 3; }
        .dash4 path { stroke-dasharray: 11 3 2 3 2 3; }
        .marks path { stroke-dasharray: none; }
        .bar { fill: currentColor; }
        .heat { fill: var(--heat); }
        .heatground { fill: var(--panel); }
        .under { stroke: var(--ground); stroke-width: 5; fill: none; stroke-linecap: round; }
        .cross { stroke: var(--c1); stroke-width: 1.8; fill: none; }
        .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
        .r0 { color: var(--r0); } .r1 { color: var(--r1); } .r2 { color: var(--r2); } .r3 { color: var(--r3); } .r4 { color: var(--r4); } .r5 { color: var(--r5); } .r6 { color: var(--r6); } .r7 { color: var(--r7); } .r8 { color: var(--r8); }
        @media (max-width: 480px) { main { padding: 1.2rem 1rem 3rem; } h1 { font-size: 1.5rem; } ol.lineage { gap: 1.7rem 0; } ol.lineage li { width: 100%; }
          ol.lineage li + li::before { content: "↓"; left: 1rem; top: -1.75rem; } }
        @media print { main { max-width: none; } h2 { break-after: avoid; } svg, tr { break-inside: avoid; } }

        """;
}
