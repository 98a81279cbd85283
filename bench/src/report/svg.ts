/** Colours for light and dark pages. An image of a page follows the scheme of the reader's system. */
const STYLE = `
  .page { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .title { font-size: 16px; font-weight: 600 } .note { fill: #59636e; font-size: 12px }
  .grid { stroke: #d1d9e0; stroke-width: 1 } .bar { fill: #afb8c1 } .ours { fill: #0969da } .band { stroke: #1f2328; stroke-width: 1.5 }
  .line { fill: none; stroke-width: 2.5 } .dot { stroke-width: 0 }
  .strong { font-weight: 600 }
  .series-0 { stroke: #0969da; fill: #0969da } .series-1 { stroke: #9a6700; fill: #9a6700 } .series-2 { stroke: #8250df; fill: #8250df }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .note { fill: #9198a1 } .grid { stroke: #30363d } .bar { fill: #57606a }
    .ours { fill: #4493f8 } .band { stroke: #e6edf3 }
    .series-0 { stroke: #4493f8; fill: #4493f8 } .series-1 { stroke: #d29922; fill: #d29922 }
    .series-2 { stroke: #ab7df8; fill: #ab7df8 }
  }
  text.series-0, text.series-1, text.series-2 { stroke: none } .line { fill: none }`;

export function svg(width: number, height: number, title: string, note: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    text(20, 30, title, 'title'),
    text(20, 50, note, 'note'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

export function text(x: number, y: number, content: string, classes = '', anchor = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${classes}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, classes: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${classes}"/>`;
}

/** Round numbers from 0 to at least `max`, about `count` of them. */
export function ticksTo(max: number, count: number): readonly number[] {
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!;
  const ticks = [0];
  while (ticks.at(-1)! < max) ticks.push(Number((ticks.at(-1)! + step).toPrecision(6)));
  return ticks;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
