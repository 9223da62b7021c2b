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
  var view, forms, clips, eyes, asked;

  // A fault of ours must never become a fault of the page.
  function safe(fn) {
    return function (a, b) { try { return fn(a, b); } catch (e) { return undefined; } };
  }
  function on(target, names, fn) {
    names.split(" ").forEach(function (n) { target.addEventListener(n, safe(fn), { capture: true, passive: true }); });
  }
  // Never cuts through the middle of a character: half of one makes the whole event unreadable.
  function cut(s, n) { return String(s || "").trim().slice(0, n).replace(/[\ud800-\udbff]$/, ""); }

  // Ids.
  function uuid() {
    var b = crypto.getRandomValues(new Uint8Array(16)), s = "";
    b[6] = b[6] & 15 | 64;
    b[8] = b[8] & 63 | 128;
    b.forEach(function (x, i) { s += (i === 4 || i === 6 || i === 8 || i === 10 ? "-" : "") + (x + 256).toString(16).slice(1); });
    return s;
  }
  function base36() {
    return Array.from(crypto.getRandomValues(new Uint8Array(25)), function (x) { return (x % 36).toString(36); }).join("");
  }

  // First-party memory. Only a cookie: it ends by itself, and one page forgets it for all subdomains.
  function recall(k) {
    var m = d.cookie.match("(?:^|; )" + k + "=([0-9a-z]+)");
    return m && m[1];
  }
  function keep(k, v) {
    if (bare) return;
    d.cookie = k + "=" + v + ";path=/;SameSite=Lax;max-age=" + (v ? 34128000 : 0) +
      (set.domain ? ";domain=" + set.domain : "") + (loc.protocol === "https:" ? ";Secure" : "");
  }

  // Addresses without secrets.
  var secret = /^(e?mail|phone|tel|token|pass(word)?|secret|auth|code|session|sid|key|attune_token)$/i;
  function path(href, whole) {
    var u = new URL(href, loc.href);
    Array.from(u.searchParams.keys()).forEach(function (k) { if (secret.test(k)) u.searchParams.delete(k); });
    return cut((whole ? u.protocol + "//" + u.host : "") + u.pathname + u.search, 2000);
  }

  // Queue and transport.
  function push(name, props, extra) {
    if (!live || !view) return;
    // Another tab, or the page after this one, may have heard the visitor say no.
    if (recall("attune_c") === "0") return stop();
    var e = { id: uuid(), name: cut(name, 64), at: Date.now(), page: view.id, url: view.url, props: props || {} };
    for (var k in extra) if (extra[k]) e[k] = extra[k];
    // A copy: the page may change its objects. What cannot be written, or is more than a server takes, must not hold up the rest.
    var text = JSON.stringify(e);
    if (text.length > 15000) return;
    queue = queue.filter(function (o) { return o.id !== e.id; });
    queue.push(e = JSON.parse(text));
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
    busy = true;
    post(take()).then(function () {
      busy = false;
      if (queue.length) plan(50);
    });
  }
  function post(batch) {
    return fetch(endpoint, { method: "POST", body: pack(batch), keepalive: true, credentials: "include" }).then(function (r) {
      if (r.status === 429 || r.status > 499) again(batch, +r.headers.get("Retry-After"));
      else fails = 0;
    }, function () { again(batch); });
  }
  function again(batch, seconds) {
    if (!live) return;
    var now = Date.now();
    queue = batch.concat(queue).slice(-200);
    // Requests that fail together are one failure.
    if (until < now) until = now + 1000 * (seconds > 0 ? Math.min(Math.max(seconds, 1), 3600) : Math.min(Math.pow(2, ++fails), 300));
    plan(until - now);
  }
  // Now, because there may be no later. A beacon brings no answer, so it is for pages that go, and for browsers that drop
  // the requests of a page that goes. A server that asked for a pause is spared as long as the page is alive.
  function flush(gone) {
    while (queue.length && (gone || until < Date.now())) {
      var batch = take();
      if ((gone || !("keepalive" in Request.prototype)) && nav.sendBeacon && nav.sendBeacon(endpoint, pack(batch))) continue;
      post(batch);
    }
  }

  // Page views and visible time.
  function shown() { return d.visibilityState === "visible"; }
  function start(soft) {
    var url = path(loc.href), props = { lang: nav.language, width: w.innerWidth, tz: Intl.DateTimeFormat().resolvedOptions().timeZone }, term;
    var ref = soft ? view && loc.origin + view.url : d.referrer && path(d.referrer, true);
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
    // The same words again, on the way back or on the next page of results, are no new search.
    if (term && term !== asked) push("site.searched", { term: term });
    asked = term || asked;
    setTimeout(safe(settle), 500, view);
  }
  function settle(mine) {
    if (mine !== view) return;
    measure();
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
    clips.forEach(function (c) { if (c.watched - c.told > 1000) tell(c, c.percent); });
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
  // A name such as "100%.pdf" is no valid encoding: it stays as it is.
  function plain(s) { return safe(decodeURIComponent)(s) || s; }
  function follow(e) {
    var from = e.composedPath()[0], a = from.closest && from.closest("a[href],area[href]");
    if (!a || e.type === "auxclick" && e.button !== 1) return;
    var u = new URL(a.href, loc.href), web = /^https?:$/.test(u.protocol), saved = a.hasAttribute("download");
    var name = a.download || web && plain(u.pathname.split("/").pop()), ext = (web || saved) && file.exec(name);
    if (ext || saved) {
      // What a page makes itself, as blob: or data:, has its content for an address.
      push("file.downloaded", { file: cut(name, 200), ext: ext ? ext[1].toLowerCase() : "", href: web ? path(u.href, true) : u.protocol });
    } else if (web ? u.host !== loc.host : /^(mailto|tel):$/.test(u.protocol)) {
      push("link.followed", { href: web ? path(u.href, true) : cut(u.href, 2000), text: cut(a.textContent, 100) });
    }
  }
  function form(what, f) {
    if (!f || f.getAttribute("role") === "search" || "attuneIgnore" in f.dataset) return;
    var props = { form: cut(f.dataset.attuneForm || f.getAttribute("id") || f.getAttribute("name") || path(f.getAttribute("action") || ""), 200) };
    if (what === "submitted") {
      props.fields = Array.from(f.querySelectorAll("[name]")).filter(function (x) {
        return !/^(hidden|password|submit|button|image)$/.test(x.type) && (/^(checkbox|radio)$/.test(x.type) ? x.checked : x.value);
      }).map(function (x) { return x.name; }).slice(0, 50);
      // A box that was ticked when the page came is no answer to it.
      var yes = Array.from(f.querySelectorAll("[data-attune-consent]:checked:not([checked])"), function (x) {
        var words = cut(Array.from(x.labels || [], function (l) { return l.innerText; }).join(" ") || x.getAttribute("aria-label"), 2000);
        return { for: x.dataset.attuneConsent, wording: words.length > 1000 ? cut(words, 999) + "\u2026" : words };
      }).slice(0, 10);
      if (yes.length) props.consents = yes;
      // What is more than an event takes is left out, the boxes last: the form itself is told.
      var much = function () { return JSON.stringify(props).length > 12000; };
      if (much()) delete props.fields;
      while (much() && yes.pop());
    }
    push("form." + what, props);
  }
  // A video, or whatever has the same properties, heard again and again while it plays. What lies between two times was watched,
  // unless it was jumped over.
  function watch(key, name, v) {
    if (!live) return;
    var c = clips.get(key), at = v.currentTime, mark;
    if (!c) clips.set(key, c = { run: 0, mark: 100, watched: 0, told: 0, at: at });
    if (!v.seeking && at > c.at && at < c.at + 5) c.watched += (at - c.at) * 1000;
    c.at = at;
    c.name = name;
    c.title = v.title || v.getAttribute && v.getAttribute("aria-label");
    c.length = v.duration < Infinity ? v.duration : 0;
    c.percent = v.ended ? 100 : c.length ? Math.min(100, Math.floor(at / c.length * 100)) : 0;
    mark = v.ended ? 100 : Math.min(75, c.percent - c.percent % 25);
    if (c.mark === 100 && !v.paused && !v.seeking && !v.ended) {
      c.run++;
      c.mark = mark;
      tell(c, 0);
    } else if (mark > c.mark) tell(c, c.mark = mark);
  }
  function tell(c, percent) {
    c.told = c.watched;
    push("video.progressed", {
      video: cut(c.name, 200), title: cut(c.title, 200), percent: percent,
      watched_ms: Math.round(c.watched), duration_ms: Math.round(c.length * 1000), run: c.run
    });
  }

  // Life of the page.
  function begin() {
    if (live) return;
    live = true;
    if (!bare) keep("attune_v", visitor = visitor || recall("attune_v") || base36());
    start();
    if (token) push("visitor.identified", { traits: {}, token: token });
    token = 0;
  }
  function stop() {
    live = false;
    queue = [];
    keep("attune_v", visitor = "");
  }
  // What the visitor said about consent: "1", "0" or nothing yet.
  function heed(said) {
    if (said === "1") consent = "granted";
    if (said === "0") stop();
    else if (said || set.consent !== "required") begin();
  }
  function hide(e) {
    leave();
    flush(e.type === "pagehide");
  }
  var api = {
    track: function (name, props) { if (name) push(name, props); },
    page: function () { if (live) turn(); },
    video: function (name, state) { watch(name, name, state); },
    identify: function (traits, proof) {
      var t = {}, k;
      for (k in traits) if (traits[k] != null) t[cut(k, 64)] = cut(traits[k], 500);
      push("visitor.identified", proof ? { traits: t, token: String(proof) } : { traits: t });
    },
    consent: function (yes) {
      yes = yes ? "1" : "0";
      keep("attune_c", yes);
      heed(yes);
    }
  };
  function boot() {
    var u = new URL(loc.href), early = w.attuneQueue, call = safe(function (c) { api[c[0]](c[1], c[2]); });
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
    // Back from the back/forward cache: a new view, and perhaps a new answer about consent.
    on(w, "pageshow", function (e) {
      if (!e.persisted) return;
      if (live) start();
      else if (recall("attune_c") === "1") heed("1");
    });
    on(w, "scroll resize", measure);
    on(d, "click auxclick", follow);
    on(d, "input", function (e) {
      var f = e.target.form;
      if (live && f && !forms.has(f)) { forms.add(f); form("started", f); }
    });
    on(d, "submit", function (e) { form("submitted", e.target); });
    on(d, "play timeupdate seeking ended", function (e) {
      var v = e.target;
      if (v.tagName === "VIDEO" && !v.loop) watch(v, v.dataset.attuneVideo || plain((v.currentSrc || v.src).split(/[?#]/)[0].split("/").pop()), v);
    });
    heed(recall("attune_c"));
    w.attuneQueue = { push: call };
    early.forEach(call);
  }
  // Calls wait in the queue until there is somebody to answer them: a page that is being prerendered has not been opened yet.
  w.attuneQueue = off ? { push: Boolean } : w.attuneQueue || [];
  w.attune = {};
  Object.keys(api).forEach(function (k) { w.attune[k] = function (a, b) { w.attuneQueue.push([k, a, b]); }; });
  if (off) return;
  if (d.prerendering) d.addEventListener("prerenderingchange", safe(boot), { once: true });
  else safe(boot)();
})(window, document, navigator, location);
