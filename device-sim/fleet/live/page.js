/** The live page: draws what /events says. Formats nothing but axes: texts come ready. */
import uPlot from './uplot.js';

const CHART_HEIGHT = 180;
const byId = (id) => document.getElementById(id);

/** Columns of a point, as live-state.ts has them, that each chart draws. */
const CHARTS = {
  devices: [1, 2],
  rate: [3],
  verified: [4],
  latency: [5, 6],
  memory: [7, 8],
  loop: [9],
};

let state = { title: '', phase: '', points: [], now: undefined, faults: [], end: undefined };
let charts = [];

function dataOf(columns) {
  return [0, ...columns].map((column) => state.points.map((point) => point[column]));
}

/** Where a fault happened, a line through every chart. */
function drawFaults(chart) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour('--bad');
  ctx.setLineDash([4, 4]);
  for (const { atSeconds } of state.faults) {
    const x = Math.round(chart.valToPos(atSeconds, 'x', true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function makeCharts() {
  for (const { chart } of charts) chart.destroy();
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const line = (name, dash) => ({ stroke: colour(name), width: 2, dash, points: { show: false } });
  charts = [...document.querySelectorAll('figure')].map((figure) => {
    const columns = CHARTS[figure.dataset.chart];
    const options = {
      width: figure.clientWidth - 28,
      height: CHART_HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: (_, __, max) => [0, Math.max(max, 1)] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        { ...axis, size: 30, values: (_, seconds) => seconds.map((it) => `${it} s`) },
        { ...axis, size: 56, values: (_, values) => values.map((it) => it.toLocaleString('en-US')) },
      ],
      series: [{}, line('--a'), ...(columns.length > 1 ? [line('--b', [6, 4])] : [])],
      hooks: { draw: [drawFaults] },
    };
    return { columns, chart: new uPlot(options, dataOf(columns), figure) };
  });
}

const drawCharts = () => charts.forEach(({ chart, columns }) => chart.setData(dataOf(columns)));

function showTexts(texts) {
  for (const [id, text] of Object.entries(texts)) {
    const element = byId(id);
    if (element) element.textContent = text;
    for (const copy of document.querySelectorAll(`[data-text="${id}"]`)) copy.textContent = text;
  }
}

function showNow() {
  if (!state.now) return;
  byId('share').value = state.now.share;
  showTexts(state.now.texts);
}

function showFaults() {
  byId('faults').textContent = state.faults
    .map(({ fault, atSeconds }) => `┊ ${fault.replace('-', ' ')} at ${atSeconds.toFixed(1)} s`)
    .join('   ');
}

function showEnd() {
  const { end } = state;
  byId('end').hidden = !end;
  if (!end) return;
  byId('end').classList.toggle('bad', !end.isGood);
  byId('headline').textContent = end.headline;
  byId('end-lines').textContent = end.lines.join(' · ');
  showTexts(end.texts);
  byId('checks').replaceChildren(
    ...end.checks.map(({ name, isHeld, text }) => {
      const item = document.createElement('li');
      const verdict = document.createElement('b');
      verdict.textContent = isHeld ? '✓ ' : '✗ ';
      item.classList.toggle('broken', !isHeld);
      item.append(verdict, `${name}: ${text}`);
      return item;
    }),
  );
}

function showAll() {
  byId('title').textContent = state.title;
  byId('phase').textContent = state.phase;
  showNow();
  showFaults();
  showEnd();
  drawCharts();
}

const HEAR = {
  state: (message) => {
    state = message.state;
    showAll();
  },
  phase: ({ phase }) => {
    state.phase = phase;
    byId('phase').textContent = phase;
  },
  sample: ({ point, now }) => {
    state.points.push(point);
    state.now = now;
    showNow();
    drawCharts();
  },
  fault: ({ fault }) => {
    state.faults.push(fault);
    showFaults();
    drawCharts();
  },
  end: ({ end }) => {
    state.end = end;
    state.phase = 'ended';
    showAll();
  },
};

makeCharts();
addEventListener('resize', makeCharts);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', makeCharts);

const events = new EventSource('/events');
events.addEventListener('message', ({ data }) => {
  const message = JSON.parse(data);
  HEAR[message.kind](message);
});
// The command has ended: what is shown stays.
events.addEventListener('error', () => {
  events.close();
  if (!state.end) byId('phase').textContent = 'the command has ended; this is what it said last';
});
