// Attune site tracker. Behaviour and wire format: base/assets/README.md, section Tracker.
(function (w, d, nav, loc) {
  "use strict";
  if (w.attune && w.attune.track) return;
  var tag = d.currentScript || d.querySelector('script[src*="/t.js"]');
  if (!tag || !w.fetch || !w.crypto) return;
  var set = tag.dataset;
  var off = nav.globalPrivacyControl === true || nav.doNotTrack === "1" || w.doNotTrack === "1";
  var bare = "cookieless" in set;
  var endpoint = set.endpoint || new URL("/t", tag.src).href;
  var live = false, consent = "implied", visitor, token;
  var queue = [], busy = false, until = 0, fails = 0, timer = 0;
  var view, forms, clips, eyes;

  // A fault of ours must never become a fault of the page.
  function safe(fn) {
    return function (a, b) { try { return fn(a, b); } catch (e) { return undefined; } };
  }
  function on(target, names, fn) {
    names.split(" ").forEach(function (n) { target.addEventListener(n, safe(fn), { capture: true, passive: true }); });
  }
  function cut(s, n) { return String(s || "").trim().slice(0, n); }

  // Ids.
  function uuid() {
    var b = crypto.getRandomValues(new Uint8Array(16)), s = "";
    b[6] = b[6] & 15 | 64;
    b[8] = b[8] & 63 | 128;
    b.forEach(function (x, i) { s += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + (x + 256).toString(16).slice(1); });
    return s;
  }
  function base36() {
    var n = crypto.getRandomValues(new Uint32Array(4)), s = "", r, i, x;
    while (s.length < 25) {
      for (r = i = 0; i < 4; i++) { x = r * 4294967296 + n[i]; n[i] = Math.floor(x / 36); r = x % 36; }
      s = r.toString(36) + s;
    }
    return s;
  }

  // First-party memory: a cookie, with a copy in local storage.
  function recall(k) {
    var m = d.cookie.match("(?:^|; )" + k + "=([0-9a-z]+)");
    try { return m ? m[1] : localStorage.getItem(k); } catch (e) { return m && m[1]; }
  }
  function keep(k, v) {
    if (bare) return;
    d.cookie = k + "=" + v + ";path=/;SameSite=Lax;max-age=" + (v ? 34128000 : 0) +
      (set.domain ? ";domain=" + set.domain : "") + (loc.protocol === "https:" ? ";Secure" : "");
    try { if (v) localStorage.setItem(k, v); else localStorage.removeItem(k); } catch (e) { return; }
  }

  // Addresses without secrets.
  var secret = /^(e?mail|phone|tel|token|pass(word)?|secret|auth|code|session|sid|key|attune_token)$/i;
  function path(href, whole) {
    var u = new URL(href, loc.href);
    Array.from(u.searchParams.keys()).forEach(function (k) { if (secret.test(k)) u.searchParams.delete(k); });
    return cut((whole ? u.origin : "") + u.pathname + u.search, 2000);
  }

  // Queue and transport.
  function push(name, props, extra) {
    if (!live || !view) return;
    var e = { id: uuid(), name: cut(name, 64), at: Date.now(), page: view.id, url: view.url, props: props || {} };
    for (var k in extra) if (extra[k]) e[k] = extra[k];
    queue = queue.filter(function (o) { return o.id !== e.id; });
    queue.push(e);
    if (queue.length > 200) queue.shift();
    plan(700);
    return e;
  }
  function plan(ms) { if (!timer) timer = setTimeout(safe(send), ms); }
  function take() {
    var batch = [], size = 0;
    if (view.event) view.event.title = cut(d.title, 300);
    while (queue.length && batch.length < 20) {
      size += JSON.stringify(queue[0]).length;
      if (batch.length && size > 15000) break;
      batch.push(queue.shift());
    }
    if (batch.indexOf(view.event) >= 0) view.event = null;
    return batch;
  }
  function pack(batch) {
    return JSON.stringify({ v: 1, site: set.site, visitor: visitor, consent: consent, host: loc.host, sent_at: Date.now(), events: batch });
  }
  function send() {
    timer = 0;
    if (busy || !queue.length) return;
    var late = until - Date.now();
    if (late > 0) return plan(late);
    var batch = take();
    busy = true;
    post(batch).then(function (r) {
      if (r.status === 429 || r.status > 499) return again(batch, +r.headers.get("Retry-After"));
      fails = 0;
    }, function () { again(batch); }).then(function () {
      busy = false;
      if (queue.length) plan(50);
    });
  }
  function post(batch) {
    return fetch(endpoint, { method: "POST", body: pack(batch), keepalive: true, credentials: "omit" });
  }
  function again(batch, seconds) {
    fails++;
    until = Date.now() + (seconds > 0 ? Math.min(Math.max(seconds, 1), 3600) * 1000 : Math.min(Math.pow(2, fails) * 1000, 300000));
    if (live) queue = batch.concat(queue).slice(-200);
  }
  // The last chance to send; a server that asked for a pause is spared unless the page goes for good.
  function flush(gone) {
    if (!gone && until > Date.now()) return;
    while (queue.length) {
      var batch = take();
      if (nav.sendBeacon && nav.sendBeacon(endpoint, pack(batch))) continue;
      post(batch).catch(again.bind(null, batch));
      return;
    }
  }

  // Page views and visible time.
  function shown() { return d.visibilityState === "visible"; }
  function start(soft) {
    var url = path(loc.href), props = { lang: nav.language, width: w.innerWidth }, term;
    var ref = soft ? view && loc.origin + view.url : d.referrer && path(d.referrer, true);
    try { props.tz = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (e) { props.tz = ""; }
    if (soft) props.soft = true;
    if (nav.webdriver) props.auto = true;
    new URL(loc.href).searchParams.forEach(function (v, k) {
      if (/^utm_\w+$/.test(k)) props[k] = cut(v, 200);
      if (/^(q|s|search|wd|keyword|query)$/.test(k)) term = term || cut(v, 200);
    });
    view = { id: uuid(), left: uuid(), url: url, seq: 0, dwell: 0, deep: 0, since: shown() ? performance.now() : 0 };
    forms = new WeakSet();
    clips = new Map();
    view.event = push("page.viewed", props, { id: view.id, ref: ref, title: cut(d.title, 300) });
    if (term) push("site.searched", { term: term });
    setTimeout(safe(settle), 500, view);
  }
  function settle(mine) {
    if (mine !== view) return;
    measure();
    if (!w.IntersectionObserver) return;
    if (eyes) eyes.disconnect();
    eyes = new IntersectionObserver(safe(function (seen) {
      seen.forEach(function (x) {
        if (x.isIntersecting) { eyes.unobserve(x.target); form("viewed", x.target); }
      });
    }), { rootMargin: "-5% 0px" });
    Array.from(d.forms).forEach(function (f) { eyes.observe(f); });
  }
  function measure() {
    var h = d.documentElement.scrollHeight;
    if (view && shown() && h) view.deep = Math.max(view.deep, Math.min(100, Math.round((w.scrollY + w.innerHeight) / h * 100)));
  }
  function leave() {
    if (!view) return;
    clips.forEach(function (c, v) { if (c.watched - c.told > 1000) clip(v, c, at(v)); });
    if (view.since) view.dwell += performance.now() - view.since;
    if (view.since || !view.seq) {
      push("page.left", { dwell_ms: Math.round(view.dwell), scroll_pct: view.deep }, { id: view.left, seq: ++view.seq });
    }
    view.since = 0;
  }
  function turn() {
    leave();
    start(true);
  }
  function route() {
    if (live && view && path(loc.href) !== view.url) turn();
  }

  // Links, downloads, forms, videos.
  var file = /\.(pdf|docx?|xlsx?|pptx?|od[tspg]|csv|txt|rtf|epub|ics|zip|rar|7z|t?gz|tar|dmg|exe|msi|apk|deb|rpm|dwg|dxf|ste?p|stl|igs|mp[34]|m4[av]|mov|avi|wmv|wav|webm)$/i;
  function follow(e) {
    var from = e.composedPath()[0], a = from.closest && from.closest("a[href],area[href]");
    if (!a || e.type === "auxclick" && e.button !== 1) return;
    var u = new URL(a.href, loc.href), web = /^https?:$/.test(u.protocol), ext = web && file.exec(u.pathname);
    var href = web ? path(u.href, true) : cut(u.href, 2000);
    if (ext || a.hasAttribute("download")) {
      push("file.downloaded", { file: cut(decodeURIComponent(u.pathname.split("/").pop()), 200), ext: ext ? ext[1].toLowerCase() : "", href: href });
    } else if (web ? u.host !== loc.host : /^(mailto|tel):$/.test(u.protocol)) {
      push("link.followed", { href: href, text: cut(a.textContent, 100) });
    }
  }
  function form(what, f) {
    if (!f || f.getAttribute("role") === "search" || "attuneIgnore" in f.dataset) return;
    var props = { form: cut(f.dataset.attuneForm || f.getAttribute("id") || f.getAttribute("name") || path(f.getAttribute("action") || ""), 200) };
    if (what === "submitted") {
      props.fields = Array.from(f.querySelectorAll("[name]")).filter(function (x) {
        return !/^(hidden|password|submit|button|image)$/.test(x.type) && (/^(checkbox|radio)$/.test(x.type) ? x.checked : x.value);
      }).map(function (x) { return x.name; }).slice(0, 50);
    }
    push("form." + what, props);
  }
  function at(v) { return v.duration < Infinity ? Math.min(100, Math.floor(v.currentTime / v.duration * 100)) || 0 : 0; }
  function clip(v, c, percent) {
    var src = (v.currentSrc || v.src).split(/[?#]/)[0].split("/").pop();
    c.told = c.watched;
    push("video.progressed", {
      video: cut(v.dataset.attuneVideo || src, 200), title: cut(v.title || v.getAttribute("aria-label"), 200),
      percent: percent, watched_ms: Math.round(c.watched), duration_ms: v.duration < Infinity ? Math.round(v.duration * 1000) : 0, run: c.run
    });
  }
  function watch(e) {
    var v = e.target, c = clips && clips.get(v), m;
    if (!live || v.tagName !== "VIDEO" || v.loop) return;
    if (!c) clips.set(v, c = { run: 0, mark: 100, watched: 0, told: 0, last: v.currentTime });
    if (e.type === "play" && c.mark === 100) {
      c.run++;
      c.mark = 0;
      clip(v, c, 0);
    }
    m = v.currentTime - c.last;
    if (m > 0 && m < 2 && !v.seeking) c.watched += m * 1000;
    c.last = v.currentTime;
    m = e.type === "ended" ? 100 : Math.min(75, at(v) - at(v) % 25);
    if (c.run && m > c.mark) clip(v, c, c.mark = m);
  }

  // Life of the page.
  function begin() {
    if (live || off) return;
    live = true;
    if (!bare) keep("attune_v", visitor = visitor || recall("attune_v") || base36());
    start();
    if (token) push("visitor.identified", { traits: {}, token: token });
    token = 0;
  }
  function hide(e) {
    leave();
    flush(e.type === "pagehide");
  }
  var api = {
    track: function (name, props) { if (name) push(name, props); },
    page: function () { if (live) turn(); },
    identify: function (traits, proof) {
      var t = {}, k;
      for (k in traits) if (traits[k] != null) t[cut(k, 64)] = cut(traits[k], 500);
      push("visitor.identified", proof ? { traits: t, token: String(proof) } : { traits: t });
    },
    consent: function (yes) {
      if (off) return;
      keep("attune_c", yes ? "1" : "0");
      if (yes) {
        consent = "granted";
        begin();
      } else {
        live = false;
        queue = [];
        keep("attune_v", visitor = "");
      }
    }
  };
  function call(c) { if (api[c[0]]) api[c[0]](c[1], c[2]); }
  function boot() {
    var said = recall("attune_c"), u = new URL(loc.href);
    token = u.searchParams.get("attune_token");
    if (token) {
      u.searchParams.delete("attune_token");
      history.replaceState(history.state, "", u.href);
    }
    ["pushState", "replaceState"].forEach(function (k) {
      var was = history[k];
      history[k] = function () {
        var r = was.apply(this, arguments);
        setTimeout(safe(route), 0);
        return r;
      };
    });
    on(w, "popstate", function () { setTimeout(safe(route), 0); });
    on(d, "visibilitychange", function (e) {
      if (!shown()) hide(e);
      else if (view && !view.since) view.since = performance.now();
    });
    on(w, "pagehide", hide);
    on(w, "pageshow", function (e) { if (e.persisted && live) start(); });
    on(w, "scroll resize", measure);
    on(d, "click auxclick", follow);
    on(d, "input", function (e) {
      var f = e.target.form;
      if (live && f && !forms.has(f)) { forms.add(f); form("started", f); }
    });
    on(d, "submit", function (e) { form("submitted", e.target); });
    on(d, "play timeupdate ended", watch);
    if (said === "1") consent = "granted";
    if (said === "1" || said !== "0" && set.consent !== "required") begin();
    (w.attuneQueue || []).forEach(safe(call));
    w.attuneQueue = { push: safe(call) };
  }
  w.attune = {};
  Object.keys(api).forEach(function (k) { w.attune[k] = safe(api[k]); });
  if (off) return;
  if (d.prerendering) d.addEventListener("prerenderingchange", safe(boot), { once: true });
  else safe(boot)();
})(window, document, navigator, location);
