/* Draws the places of a list as points (c/map). The list beside it stays: it is searched, it is what the keyboard and screen
   readers use, and choosing there moves the map. There are no tiles from outside: the ground is plain. */
import * as maplibregl from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import { colour, onThemeChange } from '../colours';
import { islandMeta } from '../islands';

interface Place {
  item: HTMLElement;
  name: string;
  at: [number, number];
  colour: string;
}

/* "Mỹ Tho" is found by "my tho": as base/unicode.c folds on the server. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
}

function read(list: HTMLElement): Place[] {
  return [...list.querySelectorAll<HTMLElement>('li[data-lat]')].map((item) => ({
    item,
    name: item.querySelector('a, span')?.textContent?.trim() ?? '',
    at: [Number(item.dataset.lon), Number(item.dataset.lat)],
    colour: item.dataset.colour ?? 'blue',
  }));
}

function features(places: Place[]): GeoJSON.FeatureCollection<GeoJSON.Point> {
  return {
    type: 'FeatureCollection',
    features: places.map((place, id) => ({
      type: 'Feature',
      id,
      properties: { id, colour: colour(`state-${place.colour}`) },
      geometry: { type: 'Point', coordinates: place.at },
    })),
  };
}

function style(places: Place[]): maplibregl.StyleSpecification {
  return {
    version: 8,
    sources: { places: { type: 'geojson', data: features(places) } },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colour('ground') } },
      {
        id: 'places',
        type: 'circle',
        source: 'places',
        paint: {
          'circle-radius': ['case', ['boolean', ['feature-state', 'chosen'], false], 10, 6],
          'circle-color': ['get', 'colour'],
          'circle-stroke-color': colour('surface'),
          'circle-stroke-width': 1.5,
        },
      },
    ],
  };
}

function bounds(places: Place[]): maplibregl.LngLatBounds {
  const all = new maplibregl.LngLatBounds();
  for (const place of places) all.extend(place.at);
  return all;
}

function search(root: HTMLElement, places: Place[]): void {
  const box = root.querySelector<HTMLInputElement>('[data-map-search]');
  if (!box) return;
  box.hidden = false;
  box.addEventListener('input', () => {
    for (const place of places) place.item.hidden = !fold(place.name).includes(fold(box.value.trim()));
  });
}

function choosing(map: maplibregl.Map, places: Place[]): void {
  const label = new maplibregl.Popup({ closeButton: false, closeOnClick: false, offset: 12, className: 'map-label' });
  let chosen = -1;
  const choose = (id: number, fly: boolean) => {
    if (chosen >= 0) {
      map.setFeatureState({ source: 'places', id: chosen }, { chosen: false });
      places[chosen].item.classList.remove('chosen');
    }
    chosen = id;
    const place = places[id];
    place.item.classList.add('chosen');
    map.setFeatureState({ source: 'places', id }, { chosen: true });
    label.setLngLat(place.at).setText(place.name).addTo(map);
    if (fly) map.easeTo({ center: place.at, duration: 300 });
    else place.item.scrollIntoView({ block: 'nearest' });
  };
  places.forEach((place, id) => {
    place.item.addEventListener('mouseenter', () => choose(id, false));
    place.item.addEventListener('click', () => choose(id, true));
    place.item.addEventListener('focusin', () => choose(id, true));
  });
  map.on('click', 'places', (event: maplibregl.MapLayerMouseEvent) => {
    const id = event.features?.[0]?.properties?.id;
    if (typeof id === 'number') choose(id, false);
  });
  map.on('mouseenter', 'places', () => (map.getCanvas().style.cursor = 'pointer'));
  map.on('mouseleave', 'places', () => (map.getCanvas().style.cursor = ''));
}

export function mount(root: HTMLElement): void {
  const ground = root.querySelector<HTMLElement>('[data-map]');
  const list = root.querySelector<HTMLElement>('.map-list');
  const worker = islandMeta('map-worker')?.dataset.js;
  if (!ground || !list || !worker) return;
  const places = read(list);
  search(root, places);
  ground.hidden = false;
  root.classList.add('map-live');
  try {
    maplibregl.setWorkerUrl(worker);
    const map = new maplibregl.Map({
      container: ground,
      style: style(places),
      bounds: bounds(places),
      fitBoundsOptions: { padding: 32 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
    });
    map.addControl(new maplibregl.NavigationControl({ showCompass: false }));
    map.getCanvas().setAttribute('aria-label', root.querySelector('h3')?.textContent ?? '');
    map.on('load', () => {
      choosing(map, places);
      root.dataset.ready = 'yes';
    });
    onThemeChange(() => map.setStyle(style(places)));
  } catch {
    ground.hidden = true; /* no WebGL: the list is there */
    root.classList.remove('map-live');
  }
}
