// The map: pictures of Web Mercator if a source is set, lines if not, and markers the server has counted; see base/assets/README.md, Map script.
const TILE = 256, FARTHEST = 1, USUAL = 18, STEP = 80, CLOSE = 44, FEW = 8, d = document;

const clamp = (n, least, most) => Math.min(Math.max(n, least), most);

function make(name, cls, at) {
  const el = d.createElement(name);
  el.className = cls;
  if (at) at.append(el);
  return el;
}

class AttuneMap {
  constructor(el) {
    this.el = el;
    this.world = Number(el.dataset.world);
    this.all = el.dataset.extent.split(",").map(Number);
    this.source = el.dataset.tiles || "";
    this.closest = this.source ? Number(el.dataset.closest) : USUAL;
    this.said = el.parentElement.querySelector("[data-map-said]");
    this.card = el.querySelector("[data-card]");
    el.hidden = false;
    this.ground = make("div", "map-ground");
    this.pins = make("div", "map-pins");
    el.prepend(this.ground, this.pins);
    this.tiles = new Map();
    this.zoom = FARTHEST;
    this.x = this.y = this.world / 2;
    this.size = `${this.wide} ${this.high}`;
    this.chosen = this.restore();
    if (!this.chosen) this.fit(this.all);
    this.listen();
    this.here();
    new ResizeObserver(() => this.resized()).observe(el);
    this.draw();
    this.ask();
  }

  get per() { return this.world / (TILE * 2 ** this.zoom); }
  get wide() { return this.el.clientWidth; }
  get high() { return this.el.clientHeight; }

  // Pixels from the left upper corner.
  spot(x, y) { return [(x - this.x) / this.per + this.wide / 2, (y - this.y) / this.per + this.high / 2]; }

  // Looks at the world so that this part fills it, one place alone from near by.
  fit([west, north, east, south]) {
    this.x = (west + east) / 2;
    this.y = (north + south) / 2;
    const room = Math.max((east - west) / Math.max(this.wide - 96, 64), (south - north) / Math.max(this.high - 96, 64));
    const near = room > 0 ? Math.floor(Math.log2(this.world / (TILE * room))) : 13;
    this.zoom = clamp(near, FARTHEST, Math.min(this.closest, 16));
    this.settle();
  }

  settle() {
    this.x = clamp(this.x, 0, this.world);
    this.y = clamp(this.y, 0, this.world);
  }

  move(dx, dy) {
    this.x += dx * this.per;
    this.y += dy * this.per;
    this.changed();
  }

  // Zooms by whole steps about a pixel, which stays where it is.
  zoomBy(steps, left = this.wide / 2, top = this.high / 2) {
    const zoom = clamp(this.zoom + steps, FARTHEST, this.closest);
    if (zoom === this.zoom) return;
    const before = this.per;
    this.zoom = zoom;
    this.x += (left - this.wide / 2) * (before - this.per);
    this.y += (top - this.high / 2) * (before - this.per);
    this.changed();
  }

  changed() {
    this.chosen = true;
    this.settle();
    this.draw();
    this.keep();
    this.askSoon();
  }

  // As long as nobody has chosen a part, all of it is shown, whatever the size.
  resized() {
    const size = `${this.wide} ${this.high}`;
    if (size === this.size) return;
    this.size = size;
    if (!this.chosen) this.fit(this.all);
    this.draw();
    this.askSoon();
  }
  askSoon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.ask(), 160);
  }

  // What is looked at has an address.
  keep() {
    if (this.el.dataset.cells) history.replaceState(history.state, "", `#map=${this.zoom}/${Math.round(this.x)}/${Math.round(this.y)}`);
  }
  restore() {
    const found = this.el.dataset.cells && location.hash.match(/^#map=(\d+)\/(\d+)\/(\d+)$/);
    if (!found) return false;
    [this.zoom, this.x, this.y] = found.slice(1).map(Number);
    this.zoom = clamp(this.zoom, FARTHEST, this.closest);
    this.settle();
    return true;
  }

  draw() {
    if (this.source) this.pictures(); else this.lines();
    // Markers that were apart may be together now.
    if (this.cells && this.shown !== this.zoom) return this.show(this.cells);
    for (const pin of this.pins.children) this.place(pin);
  }
  place(pin) {
    const [left, top] = this.spot(Number(pin.dataset.x), Number(pin.dataset.y));
    pin.style.left = `${left}px`;
    pin.style.top = `${top}px`;
  }

  pictures() {
    const count = 2 ** this.zoom, size = this.world / count, kept = new Set();
    const edge = (middle, half) => [Math.floor((middle - half * this.per) / size), Math.floor((middle + half * this.per) / size)];
    const [west, east] = edge(this.x, this.wide / 2), [north, south] = edge(this.y, this.high / 2);
    for (let row = Math.max(north, 0); row <= Math.min(south, count - 1); row++) {
      for (let column = Math.max(west, 0); column <= Math.min(east, count - 1); column++) {
        const key = `${this.zoom}/${column}/${row}`, [left, top] = this.spot(column * size, row * size);
        kept.add(key);
        const tile = this.tiles.get(key) || this.picture(key, column, row);
        tile.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
      }
    }
    for (const [key, tile] of this.tiles) {
      if (!kept.has(key)) { tile.remove(); this.tiles.delete(key); }
    }
  }
  picture(key, column, row) {
    const tile = make("img", "map-tile", this.ground);
    tile.alt = "";
    tile.draggable = false;
    tile.onerror = () => { tile.hidden = true; };
    tile.src = this.source.replace("{z}", this.zoom).replace("{x}", column).replace("{y}", row);
    this.tiles.set(key, tile);
    return tile;
  }

  // Meridians and parallels, as far apart as is readable.
  lines() {
    this.ground.replaceChildren();
    const degree = this.world / 360 / this.per;
    const step = [60, 30, 15, 10, 5, 2, 1, .5, .2, .1, .05, .02, .01, .005].findLast((n) => n * degree >= 90) || 60;
    const line = (cls, px, text) => {
      const el = make("i", `map-line ${cls}`, this.ground);
      el.style[cls === "north" ? "top" : "left"] = `${px}px`;
      make("span", "", el).textContent = text;
    };
    const round = (n) => String(Math.round(n * 1000) / 1000);
    const half = this.wide / 2 * this.per, lon = (x) => x / this.world * 360 - 180;
    for (let n = Math.ceil(Math.max(lon(this.x - half), -180) / step) * step; n <= Math.min(lon(this.x + half), 180); n += step) {
      line("east", this.spot((n + 180) / 360 * this.world, 0)[0], `${round(n)}°`);
    }
    const lat = (y) => Math.atan(Math.sinh(Math.PI * (1 - 2 * clamp(y / this.world, 0, 1)))) * 180 / Math.PI;
    const tall = this.high / 2 * this.per;
    for (let n = Math.ceil(lat(this.y + tall) / step) * step; n <= lat(this.y - tall); n += step) {
      const y = (1 - Math.asinh(Math.tan(n * Math.PI / 180)) / Math.PI) / 2 * this.world;
      line("north", this.spot(0, y)[1], `${round(n)}°`);
    }
  }

  // The one marker of a map of one record.
  here() {
    if (this.el.dataset.here === undefined) return;
    const pin = make("span", "map-pin one", this.pins);
    [pin.dataset.x, pin.dataset.y] = this.all;
    pin.title = this.el.dataset.here;
    this.place(pin);
  }

  // Asks what is where in what is looked at and a little around it.
  async ask() {
    if (!this.el.dataset.cells) return;
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    const edge = (middle, px, way) => Math.round(clamp(middle + way * px * .7 * this.per, 0, this.world - 1));
    const part = [edge(this.x, this.wide, -1), edge(this.y, this.high, -1), edge(this.x, this.wide, 1), edge(this.y, this.high, 1)];
    try {
      const answer = await fetch(`${this.el.dataset.cells}&zoom=${this.zoom}&part=${part}`, { signal: asking.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const { said, cells } = await answer.json();
      this.show(cells);
      this.say(said);
    } catch (error) {
      if (error.name !== "AbortError") this.say(this.el.dataset.failed);
    }
  }
  say(text) {
    if (this.said && this.said.textContent !== text) this.said.textContent = text;
  }

  // Markers a finger could not tell apart are one.
  apart(cells) {
    const near = (a, b) => Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) < CLOSE * this.per;
    const joined = (a, b) => {
      const n = a.n + b.n, mean = (k) => Math.round((a[k] * a.n + b[k] * b.n) / n), [p, q] = [a, b].map((c) => c.part.split(",").map(Number));
      const all = [a, b].flatMap((c) => c.all || c.label), text = n.toLocaleString(d.documentElement.lang);
      return {
        x: mean("x"), y: mean("y"), n, few: n <= FEW, text, all, label: `${text}: ${all.join(", ")}`,
        part: [0, 1, 2, 3].map((i) => Math[i < 2 ? "min" : "max"](p[i], q[i])).join(),
      };
    };
    const kept = [];
    for (let cell of cells) {
      for (let at; (at = kept.findIndex((other) => near(other, cell))) >= 0;) cell = joined(kept.splice(at, 1)[0], cell);
      kept.push(cell);
    }
    return kept;
  }

  // What was in the focus keeps it as long as it is there.
  show(cells) {
    [this.cells, this.shown] = [cells, this.zoom];
    const focused = this.pins.contains(d.activeElement) ? d.activeElement.dataset.part : null;
    this.pins.replaceChildren(...this.apart(cells).map((cell) => this.pin(cell)));
    if (focused === null) return;
    const again = [...this.pins.children].find((pin) => pin.dataset.part === focused);
    (again || this.el).focus({ preventScroll: true });
  }
  pin(cell) {
    const pin = make(cell.href ? "a" : "button", cell.href ? "map-pin one" : `map-pin many m${Math.min(String(cell.n).length, 5)}`);
    if (cell.href) pin.href = cell.href; else { pin.type = "button"; pin.textContent = cell.text; }
    Object.assign(pin.dataset, { x: cell.x, y: cell.y, part: cell.part, few: cell.few ? "1" : "" });
    pin.title = cell.label;
    pin.setAttribute("aria-label", cell.label);
    this.place(pin);
    return pin;
  }

  // A marker of many zooms in, one of few, or of many at one place, names them.
  press(pin) {
    const part = pin.dataset.part.split(",").map(Number), before = this.zoom;
    if (pin.dataset.few || before >= this.closest || (part[0] === part[2] && part[1] === part[3])) return this.name(pin);
    this.fit(part);
    this.zoom = Math.max(this.zoom, Math.min(before + 1, this.closest));
    return this.changed();
  }
  async name(pin) {
    const answer = await fetch(`${this.el.dataset.names}&part=${pin.dataset.part}`).catch(() => null);
    if (!answer || !answer.ok) return this.say(this.el.dataset.failed);
    const box = this.card.querySelector("[data-names-here]");
    box.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.children);
    this.card.hidden = false;
    (box.querySelector("a") || this.card.querySelector("[data-shut]")).focus();
    this.opener = pin.dataset.part;
  }
  shut() {
    if (this.card.hidden) return false;
    this.card.hidden = true;
    const opener = [...this.pins.children].find((pin) => pin.dataset.part === this.opener);
    (opener || this.el).focus({ preventScroll: true });
    return true;
  }

  listen() {
    const el = this.el;
    el.addEventListener("keydown", (e) => this.key(e));
    el.addEventListener("click", (e) => {
      if (this.dragged) { e.preventDefault(); return; }
      const to = (q) => e.target.closest(q);
      if (to("[data-zoom]")) this.zoomBy(Number(to("[data-zoom]").dataset.zoom));
      else if (to("[data-fit]")) { this.fit(this.all); this.changed(); }
      else if (to("[data-shut]")) this.shut();
      else if (to("button.map-pin")) this.press(to("button.map-pin"));
    }, true);
    el.addEventListener("wheel", (e) => {
      if (e.target.closest("[data-card]") || (el.classList.contains("small") && !e.ctrlKey)) return;
      e.preventDefault();
      if (e.timeStamp - (this.wheeled || 0) < 140) return;
      this.wheeled = e.timeStamp;
      const box = el.getBoundingClientRect();
      this.zoomBy(e.deltaY < 0 ? 1 : -1, e.clientX - box.left, e.clientY - box.top);
    }, { passive: false });
    this.drag();
  }

  // One pointer moves the map, two spread or pinch it.
  drag() {
    const el = this.el, down = new Map();
    let spread = 0, last = null, far = 0;
    const gap = () => { const [a, b] = [...down.values()]; return Math.hypot(a.x - b.x, a.y - b.y); };
    el.addEventListener("pointerdown", (e) => {
      if (e.button || e.target.closest("[data-card], .map-tools")) return;
      down.set(e.pointerId, { x: e.clientX, y: e.clientY });
      [last, far, this.dragged] = [{ x: e.clientX, y: e.clientY }, 0, false];
      if (down.size === 2) spread = gap();
    });
    el.addEventListener("pointermove", (e) => {
      if (!down.has(e.pointerId)) return;
      if (!e.buttons) return up(e);
      down.set(e.pointerId, { x: e.clientX, y: e.clientY });
      if (down.size === 2) {
        const ratio = gap() / (spread || 1);
        if (ratio > 1.6 || ratio < .62) { this.zoomBy(ratio > 1 ? 1 : -1); spread = gap(); }
        this.dragged = true;
        return;
      }
      const [dx, dy] = [last.x - e.clientX, last.y - e.clientY];
      far += Math.abs(dx) + Math.abs(dy);
      last = { x: e.clientX, y: e.clientY };
      if (far > 4 && !this.dragged) { this.dragged = true; el.setPointerCapture(e.pointerId); }
      if (this.dragged) this.move(dx, dy);
    });
    const up = (e) => {
      down.delete(e.pointerId);
      // The finger that stays goes on from where it is.
      [last] = down.values();
      if (this.dragged) setTimeout(() => { this.dragged = false; });
    };
    ["pointerup", "pointercancel"].forEach((name) => el.addEventListener(name, up));
    el.addEventListener("dragstart", (e) => e.preventDefault());
  }

  key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[e.key];
    if (e.key === "Escape") { if (!this.shut()) return; }
    else if (e.target.closest("[data-card]")) return;
    else if (way) this.move(way[0] * STEP, way[1] * STEP);
    else if (e.key === "+" || e.key === "=") this.zoomBy(1);
    else if (e.key === "-" || e.key === "_") this.zoomBy(-1);
    else if (e.key === "0") { this.fit(this.all); this.changed(); }
    else return;
    e.preventDefault();
    e.stopPropagation();
  }
}

d.querySelectorAll("[data-map]").forEach((el) => new AttuneMap(el));
