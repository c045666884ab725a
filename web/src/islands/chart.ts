/* Draws a figure's table as a chart (c/chart). The table stays the source: its cells carry the numbers (data-value) and the
   words people see; the chart shows nothing that the table does not hold. */
import { BarChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { colour, onThemeChange } from '../colours';

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface Figures {
  labels: string[];
  series: { title: string; values: (number | null)[]; texts: string[] }[];
}

function words(cell: Element | undefined): string {
  return cell?.textContent?.trim() ?? '';
}

function read(table: HTMLTableElement): Figures {
  const head = [...(table.tHead?.rows[0].cells ?? [])].slice(1);
  const rows = [...table.tBodies[0].rows];
  return {
    labels: rows.map((row) => words(row.cells[0])),
    series: head.map((title, i) => ({
      title: words(title),
      values: rows.map((row) => (row.cells[i + 1]?.dataset.value ? Number(row.cells[i + 1].dataset.value) : null)),
      texts: rows.map((row) => words(row.cells[i + 1])),
    })),
  };
}

function axis(): object {
  const line = { lineStyle: { color: colour('rule') } };
  return { axisLabel: { color: colour('ink-soft') }, axisLine: line, axisTick: line, splitLine: line };
}

function options(figures: Figures, kind: string): EChartsCoreOption {
  const font = getComputedStyle(document.body).fontFamily;
  return {
    animation: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    color: [1, 2, 3, 4, 5].map((n) => colour(`series-${n}`)),
    textStyle: { fontFamily: font },
    aria: { enabled: true, decal: { show: figures.series.length > 1 && kind !== 'line' } },
    grid: { left: 8, right: 16, top: figures.series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
    legend: { show: figures.series.length > 1, top: 0, left: 0, textStyle: { color: colour('ink') } },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colour('surface'),
      borderColor: colour('rule'),
      textStyle: { color: colour('ink'), fontFamily: font },
      formatter: (at: { dataIndex: number; seriesIndex: number }[]) =>
        [figures.labels[at[0].dataIndex], ...at.map((p) => `${figures.series[p.seriesIndex].title}: ${figures.series[p.seriesIndex].texts[p.dataIndex]}`)].join('\n'),
    },
    xAxis: { type: 'category', data: figures.labels, ...axis(), splitLine: { show: false } },
    yAxis: { type: 'value', ...axis(), axisLabel: { color: colour('ink-soft'), formatter: (n: number) => n.toLocaleString(document.documentElement.lang) } },
    series: figures.series.map((s) => ({
      name: s.title,
      type: kind === 'line' ? 'line' : 'bar',
      stack: kind === 'stack' ? 'all' : undefined,
      data: s.values,
      symbolSize: 6,
      barMaxWidth: 32,
    })),
  };
}

export function mount(figure: HTMLElement): void {
  const place = figure.querySelector<HTMLElement>('[data-chart]');
  const table = figure.querySelector('table');
  if (!place || !table) return;
  const figures = read(table);
  place.hidden = false;
  figure.querySelector<HTMLDetailsElement>('.chart-table')?.removeAttribute('open');
  const chart = init(place, undefined, { renderer: 'canvas' });
  const draw = () => chart.setOption(options(figures, figure.dataset.kind ?? 'bar'), true);
  place.setAttribute('role', 'img');
  place.setAttribute('aria-label', words(figure.querySelector('figcaption') ?? undefined));
  draw();
  onThemeChange(draw);
  new ResizeObserver(() => chart.resize()).observe(place);
}
