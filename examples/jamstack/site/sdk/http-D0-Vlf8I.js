import { a as e, n as t, o as n, r, t as i } from "./msgpack-DkvH_LlO.js";
// src/http/request.ts
async function a(e, { ms: t, signal: n, ...r }) {
	let i = new AbortController(), a = () => i.abort(), o = setTimeout(a, t);
	n.addEventListener("abort", a);
	try {
		let t = await fetch(e, {
			...r,
			cache: "no-store",
			signal: i.signal
		});
		return {
			status: t.status,
			body: await t.text()
		};
	} catch (e) {
		return {
			status: 0,
			body: `${e}`
		};
	} finally {
		clearTimeout(o), n.removeEventListener("abort", a);
	}
}
function o({ status: e, body: t }) {
	return t.trim().slice(0, 300) || `HTTP status ${e}`;
}
async function s(e, t) {
	let n = [
		100,
		500,
		2e3
	];
	for (;;) {
		let r = await a(e, t), { status: i, body: s } = r;
		if (i >= 200 && i < 300) return s;
		let c = n.shift();
		if (!(i === 0 || i === 429 || i >= 500) || !c || t.signal.aborted) throw Error(o(r));
		await new Promise((e) => setTimeout(e, c));
	}
}
// src/http/uplink.ts
var c = "Holdfast-Connection", l = 64, u = 65536, d = JSON.stringify({
	id: 2 ** 53 - 1,
	ping: {}
}), f = 1e4;
function p(e, t, n, i) {
	let o = [], p = 0, m = 0, h = !1, g = () => {
		let e = 0, t = 0;
		for (let n of o) {
			if (e += r(n) + 1, t > 0 && (e > u || t === l)) break;
			t++;
		}
		let n = o.splice(0, t);
		return t === 1 ? n[0] : `[${n.join()}]`;
	}, _ = async () => {
		for (; o.length > 0;) await s(e, {
			method: "POST",
			headers: {
				[c]: t,
				"Holdfast-Sequence": `${++p}`,
				"Content-Type": "application/json"
			},
			body: g(),
			ms: f,
			signal: n
		});
		h = !1;
	}, v = (e) => {
		m = Date.now(), o.push(e), h || (h = !0, Promise.resolve().then(_).catch(i));
	};
	return {
		send: v,
		answer(e) {
			Date.now() - m >= e && v(d);
		},
		leave: () => a(e, {
			method: "DELETE",
			headers: { [c]: t },
			keepalive: !0,
			ms: f,
			signal: n
		})
	};
}
// src/http/way.ts
function m(e, t) {
	return (n, r) => {
		let i = new AbortController(), { signal: a } = i, o, s = !1, c = (e) => !s && (s = !0, globalThis.removeEventListener?.("pagehide", d), e && o ? o.leave().then(() => i.abort()) : i.abort(), !0), l = (e, t, n = !1) => {
			c(n) && r.onClose(e, t);
		}, u = ({ message: e }) => l(1006, e), d = () => l(1001, "the page was left", !0);
		return globalThis.addEventListener?.("pagehide", d), t(n, {
			signal: a,
			opened(t) {
				o = p(n, t, a, u), r.onOpen(e);
			},
			heard(e) {
				s || r.onFrame(e);
			},
			closed: l,
			answer: (e) => o?.answer(e),
			heldBack() {
				!o && c(!1) && r.onHeldBack();
			}
		}).catch(u), {
			send: (e) => o?.send(e),
			close(e) {
				c(e === 1e3);
			}
		};
	};
}
// src/http/polling.ts
var h = 20, g = 1e4, _ = m("polling", async (e, { signal: t, opened: n, heard: r, closed: i }) => {
	let l = await a(e, {
		headers: { Accept: "application/json" },
		ms: g,
		signal: t
	});
	if (l.status !== 200) throw Error(o(l));
	let { connection: u } = JSON.parse(l.body);
	n(u);
	let d = {
		Accept: "application/json",
		[c]: u
	}, f = new URL(e);
	f.searchParams.set("wait", `${h}`);
	let p = 0;
	for (; !t.aborted;) {
		f.searchParams.set("after", `${p}`);
		let { next: e, messages: n, close: a } = JSON.parse(await s(f.href, {
			headers: d,
			ms: 3e4,
			signal: t
		}));
		p = e, r(JSON.stringify(n.flat())), a && i(a.code, a.reason);
	}
});
// src/http/sse.ts
function v(e) {
	let t = "", n = "", r, i = !1, a = () => {
		r !== void 0 && e.event(n || "message", r), n = "", r = void 0;
	}, o = (t) => {
		let [, i, o = ""] = /^([^:]*):? ?(.*)$/s.exec(t);
		t === "" ? a() : i === "" ? e.comment() : i === "event" ? n = o : i === "data" && (r = r === void 0 ? o : `${r}\n${o}`);
	};
	return (e) => {
		let n = i && e.startsWith("\n") ? e.slice(1) : e;
		i = e === "" ? i : e.endsWith("\r");
		let r = n.split(/\r\n|\r|\n/);
		r[0] = t + r[0], t = r.pop(), r.forEach(o);
	};
}
// src/http/stream.ts
var y = 5e3, b = 1e4;
function x({ opened: e, heard: t, closed: n, answer: r }) {
	return {
		event(i, a) {
			if (i === "open") e(JSON.parse(a).connection);
			else if (i === "message") t(a), r(b);
			else if (i === "close") {
				let { code: e, reason: t } = JSON.parse(a);
				n(e, t);
			}
		},
		comment() {
			t("[]"), r(0);
		}
	};
}
async function S(e, t) {
	let { signal: n, closed: r, heldBack: i } = t, a = setTimeout(i, y);
	n.addEventListener("abort", () => clearTimeout(a));
	let s = { Accept: "text/event-stream" }, c = await fetch(e, {
		headers: s,
		cache: "no-store",
		signal: n
	});
	if (c.status !== 200) return r(1006, o({
		status: c.status,
		body: await c.text()
	}));
	if (!c.body || !c.headers.get("Content-Type")?.startsWith(s.Accept)) return r(1006, "what answers is not a Holdfast server");
	let l = v(x(t)), u = new TextDecoder(), d = c.body.getReader();
	for (;;) {
		let { done: e, value: t } = await d.read();
		if (e) throw Error("the stream was cut");
		l(u.decode(t, { stream: !0 }));
	}
}
var C = m("stream", (e, t) => S(e, t).catch((e) => {
	throw t.heldBack(), e;
}));
// src/http/transcode.ts
function w(e) {
	if (typeof e == "string") return e;
	let [n] = i.decode(e.slice().buffer);
	for (let e of Object.values(n ?? {})) e.data instanceof ArrayBuffer && (e.data = new Uint8Array(e.data));
	return t.encode(n);
}
// src/http/upgrade.ts
var T = 6e4, E = 6e5, D = 1e4;
function O(e) {
	let t = 0;
	return (n, r, i) => {
		let a, o, s = () => {
			clearTimeout(a), o?.close(1e3, ""), o = void 0;
		}, c = () => {
			s();
			let e = Math.min(T * 2 ** t, E);
			a = setTimeout(l, e * (.75 + Math.random() / 2));
		}, l = () => {
			t++, s(), a = setTimeout(c, D), o = e(n, r, {
				onOpen() {
					c(), i();
				},
				onFrame() {},
				onClose: c
			});
		};
		return globalThis.addEventListener?.("online", l), c(), () => {
			globalThis.removeEventListener?.("online", l), s();
		};
	};
}
// src/http/http.ts
var k = 4409, A = 5e3;
function j(t, r) {
	let i = O(t), a;
	return (t, o, s) => {
		let c, l = !1, u = !1, d, f = () => {}, p = () => {
			u = !0, a = !1, r(!1), n(t, null), s.onFrame(JSON.stringify({ move: {
				after: 0,
				spread: 0,
				endpoints: [t]
			} }));
		}, m = (e) => {
			c = e(t.replace(/^ws/, "http"), {
				onOpen(e) {
					l = !0, r(!0), n(t, e ?? null), a = e === "polling", f = i(t, o, p), s.onOpen(e);
				},
				onFrame: s.onFrame,
				onHeldBack: () => m(_),
				onClose(e, i) {
					f(), l || (r(!1), n(t, null)), u && e === k ? d = setTimeout(s.onClose, A, e, i) : s.onClose(e, i);
				}
			});
		};
		return a ??= e(t) === "polling", m(a ? _ : C), {
			send: (e) => c.send(w(e)),
			close(e, t) {
				f(), clearTimeout(d), c.close(e, t);
			}
		};
	};
}
export { j as createHTTP };
