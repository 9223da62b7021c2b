// Enhancement of the signed-in pages. Every page works without it; see base/assets/README.md, section Page script.
(function (d, root) {
  "use strict";
  const $ = (q, from) => (from || d).querySelector(q);
  const $$ = (q, from) => Array.from((from || d).querySelectorAll(q));
  const byId = (id) => d.getElementById(id);
  const on = (names, fn, capture) => names.split(" ").forEach((n) => d.addEventListener(n, fn, capture));
  const seen = (el) => el && el.getClientRects().length > 0;
  const near = (e, q) => e.target.closest && e.target.closest(q);

  // Announcements for screen readers.
  function announce(text) {
    const live = byId("live");
    if (!live || !text) return;
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  }
  on("announce", (e) => announce(e.detail.value || e.detail.text));

  // Toasts: at most three, gone after 6 s, or 10 s with Undo; the clock stops under pointer or focus.
  function toast(el) {
    if (el.nodeType !== 1 || el.dataset.armed) return;
    el.dataset.armed = "1";
    let timer;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => el.remove(), $("[data-undo]", el) ? 10000 : 6000);
    };
    const hold = () => clearTimeout(timer);
    el.addEventListener("pointerenter", hold);
    el.addEventListener("focusin", hold);
    el.addEventListener("pointerleave", () => { if (!el.matches(":focus-within")) arm(); });
    el.addEventListener("focusout", () => { if (!el.matches(":hover")) arm(); });
    arm();
    const box = el.parentElement;
    while (box && box.children.length > 3) box.firstElementChild.remove();
    if (box && $("dialog[open]")) raise(box);
  }
  // A modal dialog covers the page; the toasts go above it until it closes.
  function raise(box) {
    box.popover = "manual";
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover();
  }
  on("close", () => {
    const box = byId("toasts");
    if (box && box.popover && !$("dialog[open]")) box.popover = null;
  }, true);
  function show(template, ref) {
    const from = byId(template), box = byId("toasts");
    if (!from || !box) return;
    const copy = from.content.cloneNode(true), slot = copy.querySelector("[data-ref]");
    if (slot) slot.textContent = ref || "";
    box.append(copy);
  }

  // Dialogs.
  function open(dialog) {
    if (!dialog || !dialog.showModal || dialog.open) return;
    dialog.showModal();
    if (dialog.id === "palette") search(true);
  }
  on("dialog:close", () => $$("dialog[open]").forEach((x) => x.close()));
  on("dialog:open", (e) => open(byId(e.detail.value)));
  function outside(e) {
    if (e.target.tagName !== "DIALOG" || !e.target.open || e.target.hasAttribute("data-stay")) return;
    const r = e.target.getBoundingClientRect();
    if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close();
  }

  // Confirmation of what cannot be undone.
  let confirmed = null;
  function ask(e, el, go) {
    if (confirmed === el) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    const proceed = () => {
      confirmed = el;
      go();
      confirmed = null;
    };
    const box = byId("confirm"), ok = box && $("[data-ok]", box);
    if (!ok) {
      if (window.confirm(el.dataset.confirm)) proceed();
      return;
    }
    ok.dataset.plain = ok.dataset.plain || ok.textContent;
    $("h2", box).textContent = el.dataset.confirm;
    const more = $("[data-text]", box);
    if (more) more.textContent = el.dataset.confirmText || "";
    ok.textContent = el.dataset.confirmOk || ok.dataset.plain;
    ok.onclick = () => {
      box.close();
      proceed();
    };
    open(box);
  }
  on("click", (e) => {
    const el = near(e, "a[data-confirm], button[data-confirm]");
    if (el) ask(e, el, () => el.click());
  }, true);
  on("submit", (e) => {
    const el = e.target;
    if (el.matches("[data-confirm]")) ask(e, el, () => el.requestSubmit(e.submitter));
  }, true);

  // Row selection and the bulk bar.
  const scope = (el) => el.closest("[data-selection]") || d.body;
  function count(area) {
    const boxes = $$("[data-select]", area), n = boxes.filter((b) => b.checked).length;
    boxes.forEach((b) => {
      const row = b.closest("tr, li");
      if (row && row.tagName === "TR") row.toggleAttribute("data-selected", b.checked);
    });
    $$("[data-select-all]", area).forEach((all) => {
      all.checked = n > 0 && n === boxes.length;
      all.indeterminate = n > 0 && n < boxes.length;
    });
    $$("[data-bulk]", area).forEach((bar) => { bar.hidden = n === 0; });
    $$("[data-count]", area).forEach((c) => { c.textContent = n.toLocaleString(root.lang); });
  }
  function pick(boxes, value) { boxes.forEach((b) => { b.checked = value; }); }
  let anchor = null;
  function range(e, box) {
    const all = $$("[data-select]", scope(box)), a = all.indexOf(anchor), b = all.indexOf(box);
    if (e.shiftKey && a >= 0 && b >= 0) pick(all.slice(Math.min(a, b), Math.max(a, b) + 1), box.checked);
    anchor = box;
    count(scope(box));
  }

  // Clicks.
  on("click", (e) => {
    let el = near(e, "[data-opens]");
    if (el && byId(el.dataset.opens)) {
      e.preventDefault();
      open(byId(el.dataset.opens));
    }
    el = near(e, "[data-closes]");
    if (el && el.closest("dialog")) {
      e.preventDefault();
      el.closest("dialog").close();
    }
    el = near(e, "[data-palette]");
    if (el && byId("palette")) {
      e.preventDefault();
      open(byId("palette"));
    }
    el = near(e, "[data-dismiss]");
    if (el) (el.closest(".toast, .flash") || el).remove();
    el = near(e, "[data-clear]");
    if (el) {
      e.preventDefault();
      pick($$("[data-select]", scope(el)), false);
      count(scope(el));
    }
    el = near(e, "[data-select]");
    if (el) range(e, el);
    el = near(e, "[data-copy]");
    if (el) copy(el);
    el = near(e, "[data-reveal]");
    if (el) reveal(el);
    outside(e);
    $$("details.menu[open]").forEach((m) => { if (!m.contains(e.target)) m.open = false; });
  });
  function copy(el) {
    const from = byId(el.dataset.copy), text = from ? from.value || from.textContent : el.dataset.copy;
    navigator.clipboard.writeText(text.trim()).then(() => {
      announce(el.dataset.copied);
      el.classList.add("done");
      setTimeout(() => el.classList.remove("done"), 2000);
    }, () => {});
  }
  function reveal(el) {
    const field = byId(el.dataset.reveal), hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    el.setAttribute("aria-pressed", String(hidden));
  }

  // Filters that submit themselves, files, select all.
  let wait = 0;
  function submit(form, ms) {
    clearTimeout(wait);
    wait = setTimeout(() => { if (form.isConnected) form.requestSubmit(); }, ms);
  }
  const typed = (el) => el.matches("textarea, input:not([type=checkbox], [type=radio], [type=date], [type=file])");
  on("input compositionend", (e) => {
    const form = near(e, "form[data-autosubmit]");
    if (form && typed(e.target) && !e.isComposing) submit(form, 300);
    if (near(e, "#palette") && e.target.name === "q" && !e.isComposing) search(false);
  });
  on("change", (e) => {
    const form = near(e, "form[data-autosubmit]");
    if (form && !typed(e.target)) submit(form, 0);
    if (e.target.matches("[data-select-all]")) {
      pick($$("[data-select]", scope(e.target)), e.target.checked);
      count(scope(e.target));
    }
    const drop = near(e, "[data-drop]");
    if (drop && e.target.type === "file") named(drop, e.target);
  });
  function named(drop, input) {
    const out = $("[data-file]", drop);
    if (out) out.textContent = Array.from(input.files).map((f) => f.name).join(", ");
    drop.classList.toggle("filled", input.files.length > 0);
  }
  on("dragover dragleave drop", (e) => {
    const drop = near(e, "[data-drop]"), input = drop && $("input[type=file]", drop);
    if (!input) return;
    if (e.type !== "dragleave") e.preventDefault();
    drop.classList.toggle("over", e.type === "dragover");
    if (e.type === "drop" && e.dataTransfer.files.length) {
      input.files = e.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  // A card dragged onto another column goes the way its own menu has for it.
  let held = null;
  on("dragstart", (e) => { held = near(e, "[data-card]"); });
  on("dragend", () => { held = null; });
  on("dragover dragleave drop", (e) => {
    const column = held && near(e, "[data-column]");
    if (!column) return;
    if (e.type !== "dragleave") e.preventDefault();
    column.classList.toggle("over", e.type === "dragover");
    const way = e.type === "drop" && $$("[data-to]", held).find((button) => button.dataset.to === column.dataset.column);
    if (way) way.click();
  });

  // Command palette: GET /palette?q= fills #palette-list.
  let asked = 0;
  function search(first) {
    const box = $("#palette [name=q]"), list = byId("palette-list");
    if (!box || !list || !window.htmx) return;
    if (first) {
      box.focus();
      box.select();
    }
    clearTimeout(asked);
    asked = setTimeout(() => {
      window.htmx.ajax("GET", "/palette?q=" + encodeURIComponent(box.value), { target: list, swap: "innerHTML" });
    }, first ? 0 : 150);
  }
  function steer(e) {
    const items = $$("#palette-list :is(a, button)"), i = items.indexOf(d.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && items.length) {
      e.preventDefault();
      const to = i + step;
      (to < 0 ? $("#palette [name=q]") : items[Math.min(to, items.length - 1)]).focus();
    } else if (e.key === "Enter" && i < 0 && items[0] && !e.isComposing) {
      e.preventDefault();
      items[0].click();
    }
  }

  // Keyboard.
  let goes = 0;
  const typing = (el) => el && (el.isContentEditable || el.matches("select, textarea, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));
  function rows() {
    const area = d.activeElement.closest("[data-rows]") || $("[data-rows]");
    return area ? $$("tbody tr, :scope > li", area).filter((r) => seen(r) && $("a[href]", r)) : [];
  }
  function step(by) {
    const all = rows(), now = all.findIndex((r) => r.contains(d.activeElement));
    const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : now + by];
    if (!next) return false;
    $("a[href]", next).focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
  function inRow(q) {
    const row = d.activeElement.closest("[data-rows] :is(tr, li)"), el = row && $(q, row);
    if (el) el.click();
    return !!el;
  }
  function undo() {
    const last = $$("#toasts [data-undo]").pop();
    if (last) last.click();
    return !!last;
  }
  function find() {
    const box = $$("[data-find], main input[type=search]").find(seen);
    if (box) box.focus();
    return !!box;
  }
  function verb(key) {
    const el = $$("[aria-keyshortcuts]").find((x) => x.getAttribute("aria-keyshortcuts").toUpperCase().split(" ").includes(key) && seen(x) && !x.disabled);
    if (!el) return false;
    if (typing(el)) el.focus();
    else el.click();
    return true;
  }
  function single(key) {
    if (Date.now() - goes < 1200) {
      goes = 0;
      const to = $(`[data-go="${CSS.escape(key)}"]`);
      if (to) to.click();
      return !!to;
    }
    switch (key) {
      case "G": goes = Date.now(); return true;
      case "J": return step(1);
      case "K": return step(-1);
      case "X": return inRow("[data-select]");
      case "Z": return undo();
      case "/": return find();
      case "?": open(byId("shortcuts")); return !!byId("shortcuts");
      case " ": return d.activeElement.matches("a") && inRow("[data-peek]");
      default: return verb(key);
    }
  }
  function escape(e) {
    const menu = near(e, "details.menu[open]"), form = near(e, "form"), cancel = form && $("[data-cancel]", form);
    if (menu) {
      menu.open = false;
      $("summary", menu).focus();
    } else if (cancel) {
      e.preventDefault();
      cancel.click();
    }
  }
  on("keydown", (e) => {
    if (e.isComposing || e.defaultPrevented) return;
    const held = e.metaKey || e.ctrlKey;
    if (held && e.key.toLowerCase() === "k" && byId("palette")) {
      e.preventDefault();
      open(byId("palette"));
    } else if (held && e.key === "Enter" && e.target.form) {
      e.preventDefault();
      e.target.form.requestSubmit();
    } else if (e.key === "Escape") {
      escape(e);
    } else if (near(e, "#palette")) {
      steer(e);
    } else if (!held && !e.altKey && e.key.length === 1 && !typing(e.target) && root.dataset.keys !== "off" && !$("dialog[open]")) {
      if (single(e.key.toUpperCase())) e.preventDefault();
    }
  });

  // Answers of the server.
  function faulty(within) {
    const el = $('[aria-invalid="true"]', within && within.isConnected ? within : d.body);
    if (seen(el)) el.focus();
  }
  function settle(area) {
    $$("[data-bulk]", area).forEach((b) => count(scope(b)));
    $$("#toasts > *").forEach(toast);
  }
  on("htmx:response:error", (e) => {
    const ctx = e.detail.ctx;
    if (ctx.response.status < 500) return;
    ctx.swap = "none";
    show("toast-error", ctx.response.headers.get("x-request-id"));
  });
  on("htmx:error", (e) => { if (e.detail.ctx && !e.detail.ctx.response) show("toast-offline"); });
  on("htmx:after:swap", (e) => {
    const ctx = e.detail.ctx, said = ctx.target && ctx.target.isConnected && $("[data-announce]", ctx.target);
    settle(d);
    if (ctx.response && ctx.response.status === 422) faulty(ctx.target);
    if (said) announce(said.dataset.announce || said.textContent);
  });
  function connection() {
    const bar = byId("offline");
    if (bar) bar.hidden = navigator.onLine;
  }
  window.addEventListener("online", connection);
  window.addEventListener("offline", connection);

  function start() {
    root.classList.add("js");
    const box = byId("toasts");
    if (box) new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach(toast))).observe(box, { childList: true });
    settle(d);
    connection();
    faulty();
  }
  if (d.readyState === "loading") on("DOMContentLoaded", start);
  else start();
})(document, document.documentElement);
