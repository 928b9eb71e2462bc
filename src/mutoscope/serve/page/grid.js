// A long list of pictures in rows of equal height. Only the rows near what is in sight are in the document, so ten thousand pictures
// cost what a hundred do. Nothing is measured while it scrolls but where the list is.
const AHEAD = .6; // screens of rows that are made above and below what is in sight
const SETTLED = 100; // milliseconds without scrolling until the pictures out of sight are loaded
const KEPT = 600; // tiles that are kept when they are out of sight

/** Make a grid of `host`: `makeTile(item)` an <li> whose picture has its address in data-src, `aspectOf(item)` across by down. */
export function makeGrid(host, { makeTile, aspectOf, whenNearEnd }) {
  const tiles = new Map(); // by id of the result; the order is that of use
  let items = [], total = 0, rows = [], width = 0, row = 0, gap = 0, lastTop = 0, timer = 0, isDue = false;

  /** Show these, of so many in all; what is not here yet has its room. */
  function show(all, inAll = all.length) {
    items = all;
    total = Math.max(inAll, all.length);
    layOut();
  }

  function measure() {
    const style = getComputedStyle(host);
    row = parseFloat(style.getPropertyValue("--row"));
    gap = parseFloat(style.getPropertyValue("--gap"));
    width = host.clientWidth;
  }

  function layOut() {
    if (!host.offsetParent) return;
    measure();
    rows = breakRows(items.map((item) => Math.min(3, Math.max(.5, aspectOf(item)))), width, row, gap);
    const missing = rows.length ? Math.ceil((total - items.length) * rows.length / items.length) : 0;
    host.style.height = `${Math.max(0, (rows.length + missing) * (row + gap) - gap)}px`;
    render();
  }

  function render() {
    isDue = false;
    if (!host.offsetParent || !width) return;
    const top = host.getBoundingClientRect().top, height = innerHeight, step = row + gap;
    const isFlying = Math.abs(top - lastTop) > height / 2;
    lastTop = top;
    const first = Math.max(0, Math.floor((-top - AHEAD * height) / step)), last = Math.ceil(((1 + AHEAD) * height - top) / step);
    place(rows.slice(first, last), first, step);
    if (!isFlying) load(Math.floor(-top / step) * step, height - top);
    clearTimeout(timer);
    timer = setTimeout(load, SETTLED);
    if (last >= rows.length && items.length < total) whenNearEnd();
  }

  /** Put the tiles of some rows where they belong, and take the others out. */
  function place(some, first, step) {
    const wanted = [];
    some.forEach(({ from, widths }, down) => {
      let left = 0;
      widths.forEach((across, at) => {
        const tile = tileOf(items[from + at]), where = `translate(${left}px, ${(first + down) * step}px)`;
        if (tile.style.transform !== where) tile.style.transform = where;
        if (tile.style.width !== `${across}px`) tile.style.width = `${across}px`;
        tile.top = (first + down) * step;
        tile.setAttribute("aria-posinset", from + at + 1);
        tile.setAttribute("aria-setsize", total);
        wanted.push(tile);
        left += across + gap;
      });
    });
    const stay = new Set(wanted);
    for (const tile of [...host.children]) if (!stay.has(tile) && !tile.contains(document.activeElement)) tile.remove();
    let next = host.firstChild;
    for (const tile of wanted) {
      if (tile === next) next = next.nextSibling; else host.insertBefore(tile, next);
    }
    for (const [id, tile] of tiles) {
      if (tiles.size <= KEPT) break;
      if (!tile.isConnected) tiles.delete(id);
    }
  }

  function tileOf(item) {
    const id = item.result.id, known = tiles.get(id);
    if (known) { tiles.delete(id); tiles.set(id, known); return known; }
    const tile = makeTile(item);
    tiles.set(id, tile);
    return tile;
  }

  /** Load the pictures between two heights of the list: those in sight before those around them. */
  function load(from = -Infinity, to = Infinity) {
    for (const picture of host.querySelectorAll("img[data-src]")) {
      const { top } = picture.closest("li");
      if (top < from || top > to) continue;
      picture.src = picture.dataset.src;
      picture.removeAttribute("data-src");
    }
  }

  /** Arrow keys go from tile to tile; up and down to the one that is nearest in the next row. */
  function go(event) {
    const tile = event.target.closest("li"), by = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!tile || !(by || down) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const centre = (one) => one.getBoundingClientRect().left + one.offsetWidth / 2;
    const far = (one) => Math.abs(centre(one) - centre(tile));
    const next = by ? host.querySelector(`[aria-posinset="${Number(tile.getAttribute("aria-posinset")) + by}"]`)
      : [...host.children].filter((one) => one.top === tile.top + down * (row + gap)).sort((one, other) => far(one) - far(other))[0];
    if (!next) return;
    event.preventDefault();
    next.firstChild.focus();
  }

  host.addEventListener("keydown", go);
  const soon = () => { if (!isDue) { isDue = true; requestAnimationFrame(render); } };
  addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(() => { if (host.clientWidth !== width || rows.length === 0) layOut(); }).observe(host.parentElement);
  /** Forget the tile of an item, which looks another way now. */
  const renew = (id) => { tiles.get(id)?.remove(); tiles.delete(id); soon(); };
  return { show, renew, refresh: layOut };
}

/** Break aspects into rows that fill the width: each row's first item, and the widths of its items in pixels. */
export function breakRows(aspects, width, row, gap) {
  const rows = [];
  let from = 0, used = 0;
  const end = (to, fill) => {
    const room = width - gap * (to - from - 1), natural = aspects.slice(from, to).reduce((sum, one) => sum + one, 0) * row;
    const scale = fill ? room / natural : Math.min(1, room / natural);
    rows.push({ from, widths: aspects.slice(from, to).map((one) => one * row * scale) });
    from = to;
    used = 0;
  };
  aspects.forEach((one, at) => {
    const across = one * row;
    if (at > from && used + across / 2 > width) end(at, true); // most of it would not fit: it begins the next row
    used += across + gap;
    if (used >= width) end(at + 1, true);
  });
  if (from < aspects.length) end(aspects.length, false);
  return rows;
}
