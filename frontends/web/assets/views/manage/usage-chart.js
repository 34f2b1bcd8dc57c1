/** The picture of usage: stacked bars a day, drawn by uPlot, which comes with this module only. */
import uPlot from '../../vendor/uplot/uplot.js';
import { number } from '../../lib/format.js';
import { isoDay } from './usage-model.js';

const HEIGHT = 220;

/** A color of the page as it is now. @param {Element} place @param {string} name */
function colorOf(place, name) {
  const probe = document.createElement('span');
  probe.style.color = `var(--${name})`;
  place.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/**
 * Draws into a place until it is stopped.
 * @param {HTMLElement} place
 * @param {{day: number, sum: import('./usage-model.js').Sum}[]} points
 * @param {string} metric `tokens` or `cost`
 * @returns {() => void}
 */
export function draw(place, points, metric) {
  let chart = build(place, points, metric);
  const fit = new ResizeObserver(() => chart.setSize({ width: Math.max(120, place.clientWidth), height: HEIGHT }));
  fit.observe(place);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const redraw = () => {
    chart.destroy();
    chart = build(place, points, metric);
  };
  scheme.addEventListener('change', redraw);
  return () => {
    fit.disconnect();
    scheme.removeEventListener('change', redraw);
    chart.destroy();
  };
}

/** Each layer from the ground up to its top: the highest is drawn first, the lower ones over it. */
function layers(points, metric) {
  if (metric === 'cost') return [{ color: 'accent', tops: points.map(({ sum }) => sum.cost) }];
  return [
    { color: 'exec', tops: points.map(({ sum }) => sum.prompt + sum.completion) },
    { color: 'accent', tops: points.map(({ sum }) => sum.prompt) },
    { color: 'ok', tops: points.map(({ sum }) => sum.cached) },
  ];
}

function build(place, points, metric) {
  const [text, line] = [colorOf(place, 'muted'), colorOf(place, 'line')];
  const stacked = layers(points, metric);
  const bars = uPlot.paths.bars({ size: [0.7, 40, 2] });
  const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui' };
  const short = new Intl.NumberFormat(undefined, { notation: 'compact' });
  return new uPlot(
    {
      width: Math.max(120, place.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [-0.5, Math.max(0.5, points.length - 0.5)] }, y: { range: (_chart, _least, most) => [0, most || 1] } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          splits: () => marks(points.length, Math.max(2, Math.floor(place.clientWidth / 90))),
          values: (_chart, at) => at.map((one) => (points[one] ? isoDay(points[one].day).slice(5) : '')),
        },
        { ...axis, size: 56, values: (_chart, list) => list.map((value) => (metric === 'cost' ? number(value) : short.format(value))) },
      ],
      series: [{}, ...stacked.map(({ color }) => ({ fill: colorOf(place, color), stroke: colorOf(place, color), width: 0, paths: bars, points: { show: false } }))],
    },
    [points.map((_one, at) => at), ...stacked.map(({ tops }) => tops)],
    place,
  );
}

/** Which days are named, so that their names have room. @param {number} count @param {number} most */
function marks(count, most) {
  const step = Math.max(1, Math.ceil(count / most));
  const list = [];
  for (let at = 0; at < count; at += step) list.push(at);
  return list;
}
