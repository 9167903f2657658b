import { a as e, n as t, o as n, r, t as i } from "./msgpack-DkvH_LlO.js";
// src/http/request.ts
async function a(e, { ms: t, signal: n, ...r }) {
	let i = new AbortController(), a = () => i.abort(), o = setTimeout(a, t);
	n.addEventListener("abort", a);
	try {
		n.throwIfAborted();
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
var o = class extends Error {
	code;
	constructor({ status: e, body: t }) {
		super(t.trim().slice(0, 300) || `HTTP status ${e}`), this.code = s[e] ?? 1006;
	}
}, s = {
	401: 4401,
	413: 1009,
	429: 4429,
	503: 4503
};
async function c(e, t) {
	let n = [
		100,
		500,
		2e3
	];
	for (;;) {
		let r = await a(e, t), { status: i, body: s } = r;
		if (i >= 200 && i < 300) return s;
		let c = n.shift();
		if (!(i === 0 || i === 429 || i >= 500) || !c || t.signal.aborted) throw new o(r);
		await new Promise((e) => setTimeout(e, c));
	}
}
// src/http/uplink.ts
var l = "Holdfast-Connection", u = 64, d = 65536, f = JSON.stringify({
	id: 2 ** 53 - 1,
	ping: {}
}), p = 1e4;
function m(e, t, n, i) {
	let o = [], s = 0, m = 0, h = !1, g = () => {
		let e = 0, t = 0;
		for (let n of o) {
			if (e += r(n) + 1, t > 0 && (e > d || t === u)) break;
			t++;
		}
		let n = o.splice(0, t);
		return t === 1 ? n[0] : `[${n.join()}]`;
	}, _ = async () => {
		for (; o.length > 0;) await c(e, {
			method: "POST",
			headers: {
				[l]: t,
				"Holdfast-Sequence": `${++s}`,
				"Content-Type": "application/json"
			},
			body: g(),
			ms: p,
			signal: n
		});
		h = !1;
	}, v = (e) => {
		m = Date.now(), o.push(e), h || (h = !0, Promise.resolve().then(_).catch(i));
	};
	return {
		send: v,
		answer(e) {
			Date.now() - m >= e && v(f);
		},
		leave: () => a(e, {
			method: "DELETE",
			headers: { [l]: t },
			keepalive: !0,
			ms: p,
			signal: n
		})
	};
}
// src/http/way.ts
function h(e, t) {
	return (n, r) => {
		let i = new AbortController(), { signal: a } = i, s, c = !1, l = (e) => !c && (c = !0, globalThis.removeEventListener?.("pagehide", f), e && s ? s.leave().then(() => i.abort()) : i.abort(), !0), u = (e, t, n = !1) => {
			l(n) && r.onClose(e, t);
		}, d = (e) => u(e instanceof o ? e.code : 1006, e.message), f = () => u(1001, "the page was left", !0);
		return globalThis.addEventListener?.("pagehide", f), t(n, {
			signal: a,
			opened(t) {
				s = m(n, t, a, d), r.onOpen(e);
			},
			heard(e) {
				c || r.onFrame(e);
			},
			closed: u,
			answer: (e) => s?.answer(e),
			heldBack() {
				!s && l(!1) && r.onHeldBack();
			}
		}).catch(d), {
			send: (e) => s?.send(e),
			close(e) {
				l(e === 1e3);
			}
		};
	};
}
// src/http/polling.ts
var g = 20, _ = 1e4, v = h("polling", async (e, { signal: t, opened: n, heard: r, closed: i }) => {
	let s = await a(e, {
		headers: { Accept: "application/json" },
		ms: _,
		signal: t
	});
	if (s.status !== 200) throw new o(s);
	let { connection: u } = JSON.parse(s.body);
	n(u);
	let d = {
		Accept: "application/json",
		[l]: u
	}, f = new URL(e);
	f.searchParams.set("wait", `${g}`);
	let p = 0;
	for (; !t.aborted;) {
		f.searchParams.set("after", `${p}`);
		let { next: e, messages: n, close: a } = JSON.parse(await c(f.href, {
			headers: d,
			ms: 3e4,
			signal: t
		}));
		p = e, r(JSON.stringify(n.flat())), a && i(a.code, a.reason);
	}
});
// src/http/sse.ts
function y(e) {
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
var b = 5e3, x = 1e4;
function S({ opened: e, heard: t, closed: n, answer: r }) {
	return {
		event(i, a) {
			if (i === "open") e(JSON.parse(a).connection);
			else if (i === "message") t(a), r(x);
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
async function C(e, t) {
	let { signal: n, closed: r, heldBack: i } = t, a = setTimeout(i, b);
	n.addEventListener("abort", () => clearTimeout(a));
	let s = { Accept: "text/event-stream" }, c = await fetch(e, {
		headers: s,
		cache: "no-store",
		signal: n
	});
	if (c.status !== 200) {
		let { code: e, message: t } = new o({
			status: c.status,
			body: await c.text()
		});
		return r(e, t);
	}
	if (!c.headers.get("Content-Type")?.startsWith(s.Accept)) return r(1006, "what answers is not a Holdfast server");
	let l = y(S(t)), u = new TextDecoder(), d = c.body.getReader();
	for (;;) {
		let { done: e, value: t } = await d.read();
		if (e) throw Error("the stream was cut");
		l(u.decode(t, { stream: !0 }));
	}
}
var w = h("stream", (e, t) => C(e, t).catch((e) => {
	throw t.heldBack(), e;
}));
// src/http/transcode.ts
function T(e) {
	if (typeof e == "string") return e;
	let [n] = i.decode(e.slice().buffer);
	for (let e of Object.values(n ?? {})) e.data instanceof ArrayBuffer && (e.data = new Uint8Array(e.data));
	return t.encode(n);
}
// src/http/upgrade.ts
var E = 6e4, D = 6e5, O = 1e4;
function k(e) {
	let t = 0;
	return (n, r, i) => {
		let a, o, s = () => {
			clearTimeout(a), o?.close(1e3, ""), o = void 0;
		}, c = () => {
			s();
			let e = Math.min(E * 2 ** t, D);
			a = setTimeout(l, e * (.75 + Math.random() / 2));
		}, l = () => {
			t++, s(), a = setTimeout(c, O), o = e(n, r, {
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
var A = 4409, j = "[]", M = 5e3;
function N(t, r) {
	let i = k(t), a;
	return (t, o, s) => {
		let c, l = !1, u = null, d = !1, f, p = () => {}, m = () => {
			d = !0, a = !1, r(!1), n(t, null), s.onFrame(JSON.stringify({ move: {
				after: 0,
				spread: 0,
				endpoints: [t]
			} }));
		}, h = () => {
			p(), l || (r(!1), n(t, null));
		}, g = (e) => {
			c = e(t.replace(/^ws/, "http"), {
				onOpen(e) {
					u = e ?? null, a = u === "polling", p = i(t, o, m), s.onOpen(e);
				},
				onFrame(e) {
					!l && e !== j && (l = !0, r(!0), n(t, u)), s.onFrame(e);
				},
				onHeldBack: () => g(v),
				onClose(e, t) {
					h(), d && e === A ? f = setTimeout(s.onClose, M, e, t) : s.onClose(e, t);
				}
			});
		};
		return a ??= e(t) === "polling", g(a ? v : w), {
			send: (e) => c.send(T(e)),
			close(e, t) {
				h(), clearTimeout(f), c.close(e, t);
			}
		};
	};
}
export { N as createHTTP };
