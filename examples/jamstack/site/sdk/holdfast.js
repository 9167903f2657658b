import { a as e, i as t, n, r, t as i } from "./msgpack-DkvH_LlO.js";
// src/error.ts
var a = class extends Error {
	constructor(e, t) {
		super(e.message ?? e.code, t), Object.assign(this, e);
	}
};
async function o(e) {
	try {
		return await e;
	} catch (e) {
		throw new a(e);
	}
}
// src/codec.ts
function s() {
	return {
		encode: (e) => JSON.stringify(e),
		decode: (e) => JSON.parse(typeof e == "string" ? e : new TextDecoder().decode(e))
	};
}
var c = {
	encode: (e) => e,
	decode: (e) => e
}, l = class {
	#e = /* @__PURE__ */ new Map();
	on(e, t) {
		let n = this.#e.get(e) ?? /* @__PURE__ */ new Set();
		return this.#e.set(e, n.add(t)), () => {
			n.delete(t);
		};
	}
	emit = (e, t) => {
		for (let n of this.#e.get(e) ?? []) try {
			n(t);
		} catch (e) {
			queueMicrotask(() => {
				throw e;
			});
		}
	};
}, u = 1e4, d = class extends l {
	name;
	session;
	codec;
	#e;
	#t;
	#n;
	#r = "connecting";
	constructor(e, t, { codec: n, presence: r, latest: i, ...a } = {}) {
		super(), this.session = e, this.#e = {
			...t,
			presence: r,
			latest: i
		}, this.name = Object.values(t)[0] ?? "", this.codec = n ?? c, this.#t = a;
	}
	get state() {
		return this.#n?.state ?? "closed";
	}
	get position() {
		return this.#n?.position() ?? "";
	}
	on(e, t) {
		let n = super.on(e, t);
		return e !== "join" && e !== "leave" || this.#e.presence || (this.#e.presence = !0, this.#n && (this.#i(this.#n), this.session.begin(this.#n))), this.#a(), n;
	}
	unsubscribe() {
		let e = this.#n;
		e && (this.#n = void 0, this.session.subscriptions.delete(e.sub), this.#i(e), e.end());
	}
	async *[Symbol.asyncIterator]() {
		let e = [], t = () => {}, n = this.session.state === "closed", r, i = (e) => {
			n = !0, r = e, t();
		}, o = [
			this.on("message", (n) => {
				e.push(n) > u && i(new a({ code: "too_slow" })), t();
			}),
			this.on("state", (e) => e === "closed" && i(r)),
			this.on("error", (e) => i(e))
		];
		try {
			for (; r?.code !== "too_slow";) {
				let r = e.shift();
				if (r) yield r;
				else if (n) break;
				else await new Promise((e) => {
					t = e;
				});
			}
			if (r) throw r;
		} finally {
			for (let e of o) e();
		}
	}
	decode(e) {
		let { data: t, channel: n = this.name, offset: r, epoch: i, id: a, key: o, time: s, meta: c } = e, l = {
			channel: n,
			data: this.codec.decode(t),
			offset: r,
			epoch: i,
			id: a,
			key: o,
			time: s,
			meta: c
		};
		return Object.fromEntries(Object.entries(l).filter(([, e]) => e !== void 0));
	}
	#i(e) {
		e.link = void 0;
		for (let t of this.session.links()) t.ask("unsubscribe", { sub: e.sub });
	}
	#a() {
		!this.#n && this.session.state !== "closed" && (this.#n = this.session.subscribe(this.#e, this.#t, (e, t) => this.#o(e, t)));
	}
	#o(e, t) {
		let n = t;
		if (e === "message") this.#c(n);
		else if (e === "push") {
			let { presence: e } = n;
			e && this.#l(e);
		} else if (e === "ended") this.#n = void 0, this.emit("error", new a(n));
		else if (e === "state") this.#s(n.state);
		else if (e === "gap") {
			let { missed: e } = n;
			this.emit("gap", {
				channel: this.name,
				missed: e
			});
		} else if (e === "lost") {
			let { since: e, position: t = "", why: r = "" } = n;
			this.emit("lost", {
				channel: this.name,
				since: e ?? "",
				position: t,
				why: r
			});
		}
	}
	#s(e) {
		e !== this.#r && (this.#r = e, this.emit("state", e));
	}
	#c(e) {
		let t;
		try {
			t = this.decode(e);
		} catch (e) {
			this.emit("error", new a({
				code: "invalid_data",
				message: `${e}`
			}, { cause: e }));
			return;
		}
		this.emit("message", t);
	}
	#l({ join: e = [], leave: t = [], count: n, partial: r }) {
		for (let e of t) this.emit("leave", {
			...e,
			count: n
		});
		for (let t of e) this.emit("join", {
			...t,
			count: n
		});
		r && this.emit("partial", { channel: this.name });
	}
};
// src/payload.ts
function f(e) {
	let { buffer: t, byteOffset: n, byteLength: r } = ArrayBuffer.isView(e) ? e : { buffer: e }, i = Object.prototype.toString.call(t);
	if (i === "[object SharedArrayBuffer]") throw TypeError("shared");
	return i === "[object ArrayBuffer]" ? new Uint8Array(t, n, r).slice() : `${e}`.toWellFormed();
}
// src/channel.ts
var p = class extends d {
	publish(e, t) {
		let n = this.session.publish(this.name, f(this.codec.encode(e)), t);
		return Object.assign(o(n), { id: n.id });
	}
	async history(e = {}) {
		let t = await o(this.session.ask("history", {
			channel: this.name,
			...e
		}, !0));
		return {
			...t,
			messages: t.messages.map((e) => this.decode(e))
		};
	}
	presence(e = {}) {
		return o(this.session.ask("presence", {
			channel: this.name,
			...e
		}, !0));
	}
}, m = globalThis.WebSocket;
function h(e = m) {
	return (t, n, r) => {
		let i = new e(t, n);
		i.binaryType = "arraybuffer";
		let a = () => {
			i.onopen = i.onmessage = i.onclose = i.onerror = () => {};
		};
		return i.onopen = () => {
			i.onerror = () => {}, r.onOpen();
		}, i.onmessage = (e) => r.onFrame(e.data), i.onclose = i.onerror = ({ code: e = 1006, reason: t = "" }) => {
			a(), r.onClose(e, t);
		}, {
			send: (e) => i.send(e),
			close(e, t) {
				a(), i.close(e, t);
			}
		};
	};
}
// src/choice.ts
function g(t = h()) {
	let n, r, i = !1, a = 0, o = (e) => {
		r = !(e || i) || ++a > 1;
	}, s = async () => {
		let { createHTTP: e } = await import("./http-D9LxCeFX.js");
		return e(t, (e) => {
			r = e, a = 0;
		});
	};
	return (c, l, u) => {
		let d, f = !1, p = !1, m = !1, h = async () => {
			try {
				n ??= s();
				let e = await n;
				p || (d = e(c, l, u));
			} catch (e) {
				n = void 0, r = !1, p || u.onClose(1006, `${e}`);
			}
		};
		return r ??= e(c) !== null, r ? h() : (d = t(c, l, {
			onOpen() {
				f = !0, u.onOpen();
			},
			onFrame(e) {
				m = !1, i = !0, a = 0, u.onFrame(e);
			},
			onClose(e, t) {
				m && (!f || e === 1006) && o(f), m = !1, r && !f ? h() : u.onClose(e, t);
			}
		}), m = !0), {
			send: (e) => d?.send(e),
			close(e, t) {
				p = !0, m && o(f), d?.close(e, t);
			}
		};
	};
}
// src/calls.ts
function _(e, t) {
	let n = /* @__PURE__ */ new Set(), i, a = (e, t) => {
		n.delete(e), e.reject({ code: t });
	}, o = ({ verb: t, body: n }, i) => {
		let a = i.welcome.limits?.message, o = {
			id: 2 ** 53 - 1,
			[t]: n
		};
		return a !== void 0 && r(e(i).encode(o)) > a;
	}, s = (e, r) => {
		if (o(e, r)) return a(e, "too_large"), t();
		e.link = r, r.ask(e.verb, e.body, (i, a) => {
			n.has(e) && (!a || e.link === r) && (n.delete(e), a ? e.reject(a) : e.resolve(i), t());
		});
	};
	return {
		ask: (e, t, r) => new Promise((a, o) => {
			let c = {
				verb: e,
				body: t,
				repeat: r,
				resolve: a,
				reject: o
			};
			n.add(c), i?.open && s(c, i);
		}),
		use(e) {
			i = e;
			for (let t of n) (t.repeat || !t.link) && s(t, e);
		},
		lost(e) {
			for (let t of n) t.link && t.link === e && (t.link = void 0, t.repeat || a(t, "disconnected"));
		},
		allOn: (e) => [...n].every(({ link: t }) => !t || t === e),
		empty: () => n.size === 0,
		abandon() {
			for (let e of n) a(e, "closed");
		}
	};
}
// src/backoff.ts
function v(e, t = 0) {
	return t * 1e3 + Math.random() * Math.min(3e4, 500 * 2 ** e);
}
// src/link.ts
var y = 0;
function b() {
	return ++y;
}
function x(e, t, n, r) {
	let i = /* @__PURE__ */ new Map(), a, o = (e, t) => {
		clearTimeout(a), a = setTimeout(t, e * 1e3);
	}, s = () => {
		c.close(), e.lost(c, 1006, "no answer");
	}, c = {
		open: !1,
		welcome: {},
		ask(e, t, r) {
			let a = b();
			i.set(a, r), l.send(n.encode({
				id: a,
				[e]: t
			}));
		},
		probe(e = c.welcome.pong ?? 20) {
			c.ask("ping", {}), o(e, s);
		},
		close(e = 1e3, t = "") {
			c.open = !1, clearTimeout(a), l.close(e, t);
		}
	}, l = t(r, n.protocol, {
		onOpen(t) {
			c.open = !0, e.opened(c, t);
		},
		onFrame(t) {
			o(c.welcome.ping ?? 25, c.probe);
			let r;
			try {
				r = n.decode(t);
			} catch {
				return s();
			}
			for (let t of r) {
				if (!c.open) return;
				let { id: n, ok: r, error: a } = t;
				if (n) {
					let e = i.get(n);
					i.delete(n), e?.(r, a);
				} else e.pushed(c, t);
			}
		},
		onClose(t, n) {
			c.open = !1, clearTimeout(a), e.lost(c, t, n);
		}
	});
	return o(10, s), c;
}
// src/wake.ts
function S(e) {
	let { document: t, addEventListener: n } = globalThis, r = new AbortController();
	return n?.("online", e, r), t?.addEventListener("visibilitychange", () => t.hidden || e(), r), () => r.abort();
}
// src/connection.ts
var C = /^(100[23789]|4(?!408|429)[0-4])/;
function w(e, { WebSocket: t, dial: r = h(t), encoding: i = n, tabs: a }) {
	let o = {
		dial: r,
		encoding: i
	};
	return a?.(e, o) ?? o;
}
function T(e, t, n) {
	let { dial: r, encoding: i } = w(e, t), a = /* @__PURE__ */ new Map(), o, s = {}, c, l, u, d = 0, f = 0, p = !1, m = () => {
		let e = [...a];
		u = void 0, [o] = e.find(([, e]) => e < Date.now()) ?? e[0], a.delete(o), a.set(o, Date.now() + 3e4), c = x(D, r, i, o);
	}, h = (e = []) => {
		a = new Map([...e.map((e) => [e, 0]), ...a]);
	}, g = (e) => {
		clearTimeout(u), u = setTimeout(() => {
			try {
				m();
			} catch (e) {
				T(void 0, 1006, `${e}`);
			}
		}, e);
	}, _ = (e) => {
		e === c && (l?.close(), l = e, c = void 0, f = Date.now() + 1e4);
	}, y = (e, t) => {
		e.ask("connect", {
			...n.hello?.(),
			session: s.session
		}, (t, r) => {
			r ? (e.close(), T(e, r.retry ? 1013 : 4401, r.message, r.after)) : (s = e.welcome = t, a.set(o, 0), h(t.endpoints), l || _(e), n.greeted?.(e));
		}), n.opened(e, t);
	}, b = (e, t) => {
		let { move: r } = t;
		r && e === l ? !c && !u && (h(r.endpoints), g((r.after + Math.random() * r.spread) * 1e3)) : n.pushed(e, t);
	}, T = (e, t, r = "", i) => {
		e === c ? c = void 0 : e === l && (l = void 0, Date.now() > f && (d = 0));
		let a = 0;
		if (!c) {
			if (!l && C.test(`${t}`) && !n.renews?.(t)) return E({
				code: t,
				reason: r,
				clean: !1
			});
			a = v(d++, t === 4429 ? 10 : i), g(a);
		}
		n.lost(e, {
			code: t,
			reason: r,
			retryAt: Date.now() + a
		});
	}, E = (e, t, r) => {
		p || (p = !0, O(), clearTimeout(u), l?.close(t, r), c?.close(t, r), n.closed(e));
	}, D = {
		opened: y,
		pushed: b,
		lost: T
	};
	h(e), m();
	let O = S(() => {
		l ? l.probe(5) : u && g(0);
	});
	return {
		moved: _,
		end: E
	};
}
// src/doubt.ts
var E = 6, D = 1024;
function O({ body: e }, t, n) {
	return e.data.length * E + D > t && r(n.encode({
		id: 2 ** 53 - 1,
		publish: e
	})) > t;
}
function k({ link: e }, t) {
	return !!e?.open && e !== t;
}
function A(e, t, n) {
	let r = /* @__PURE__ */ new WeakMap();
	return (i, a) => {
		let { dedup: o = 0, limits: s } = a.welcome;
		if (s?.message !== void 0 && O(i, s.message, n(a))) return "too_large";
		if (k(i, a)) return "";
		if (!i.sentAt) for (let t of e.values()) t.what.channel === i.body.channel && t.position() !== void 0 && r.set(i, t);
		else if (Date.now() - i.sentAt >= o * 500) {
			let e = r.get(i);
			if (!e || e.state === "closed" || e.lostAt >= i.sentAt) return "outcome_unknown";
			if (t.get(e) !== a) return "";
		}
	};
}
// src/handover.ts
var j = 300, M = 2e3, N = 1e4;
function P(e) {
	let t = /* @__PURE__ */ new Map(), n, r = (r, i, a, o) => {
		let s = setTimeout(() => {
			i.open && t.get(r) === c && (s = setTimeout(() => c.take(), M), i.ask("ping", {}, () => c.take(!0)));
		}, j), c = {
			from: i,
			to: a,
			pushes: [],
			take(i) {
				if (t.get(r) === c) {
					t.delete(r), clearTimeout(s), n = i ? r : void 0, o(), n = void 0;
					for (let t of c.pushes) e(a, t);
				}
			}
		};
		t.set(r, c);
	};
	return {
		subscribe(e, t) {
			e.opened(t, void 0, (n, i, a) => t.ask(n, i, (n, i) => {
				let o = e.link, s = n?.position && !e.what.pattern;
				o?.open && o !== t && n && !s ? r(e, o, t, () => a?.(n, i)) : a?.(n, i);
			}));
		},
		keeps(e, n, r) {
			let i = t.get(e);
			if (i?.to !== n) return !1;
			let { message: a } = r;
			return (!a || a.id || a.offset) && i.pushes.push(r) > N && i.take(), !0;
		},
		takes: (e) => e === n,
		lost(e) {
			for (let [n, { from: r, to: i, take: a }] of t) e === i ? t.delete(n) : e === r && a();
		}
	};
}
// src/outbox.ts
function F(e) {
	let t = /* @__PURE__ */ new Map(), n = `${Math.random()}-`, r, i, a = 0, o = () => {}, s = (e, n, r) => {
		let i = t.get(e);
		t.delete(e), i?.done(n, r), t.size || o();
	}, c = (e, t) => {
		e.link = t, e.sentAt ??= Date.now(), t.ask("publish", e.body, (n, o) => {
			o?.retry ? (e.link = void 0, r === t && (r = void 0, i = setTimeout(u.use, v(a++, o.after), t))) : (a = 0, s(e.body.id, o, n)), l();
		});
	}, l = () => {
		let n = r?.open ? 64 : 0;
		for (let [i, a] of t) {
			if (!r || !n--) return;
			if (a.link !== r) {
				let t = e(a, r);
				if (t === "") return;
				t ? s(i, { code: t }) : c(a, r);
			}
		}
	}, u = {
		publish(e, r) {
			let i = n + b();
			return t.set(i, {
				body: {
					...e,
					id: i
				},
				done: r
			}), l(), i;
		},
		use(e) {
			clearTimeout(i), r = e, l();
		},
		echoed({ id: e, offset: t, epoch: r }) {
			return s(e, void 0, {
				offset: t,
				epoch: r
			}), l(), e?.startsWith(n);
		},
		whenEmpty(e) {
			o = e, t.size || e();
		},
		end() {
			clearTimeout(i);
			for (let e of t.keys()) s(e, { code: "closed" });
		}
	};
	return u;
}
// src/position.ts
function I(e) {
	return new Map(e?.split(",").map((e) => {
		let [t, n] = e.split(":");
		return [n, +t];
	}));
}
// src/subscription.ts
function L(e, t, n, r) {
	let i, a = /* @__PURE__ */ new Map(), o = 0, s, c = /* @__PURE__ */ new Set(), l = (e) => {
		h.state !== e && (h.state = e, r("state", { state: e }));
	}, u = (e) => {
		h.lostAt = Date.now(), r("lost", e);
	}, d = (e, t) => {
		i.add(t), a.set(t, Math.max(e, a.get(t) ?? 0));
	}, f = (e, t, n) => {
		let a = i;
		h.link = e, o = 0, i = /* @__PURE__ */ new Set(), I(n.position).forEach(d), r("subscribed", e), n.lost && u({
			since: t,
			...n
		}), a && !t && r("gap", {});
	}, p = (e, t) => {
		t.retry ? (h.lost(e), clearTimeout(s), s = setTimeout(() => {
			e.open && h.link !== e && h.opened(e);
		}, v(o++, t.after))) : (h.end(), r("ended", t));
	}, m = (e) => {
		let { offset: t, id: n, epoch: o = [...i][0] } = e;
		(t === void 0 ? n && c.has(n) : t <= (a.get(o) ?? -1)) || (r("message", {
			...e,
			epoch: o
		}), t === void 0 ? n && (c.add(n), c.size > 1e3 && c.clear()) : d(t, o));
	}, h = {
		sub: e,
		what: t,
		state: "connecting",
		lostAt: 0,
		link: void 0,
		position: () => i ? [...i].map((e) => `${a.get(e)}:${e}`).join() : n.since,
		opened(r, i, a = r.ask) {
			let o = h.position() || void 0;
			a("subscribe", {
				...t,
				sub: e,
				since: o,
				last: o ? void 0 : n.last
			}, (e, t) => {
				h.state !== "closed" && (t ? p(r, t) : f(r, o, e));
			});
		},
		pushed(e, t) {
			let { message: n, live: a, lost: o, gap: s, unsubscribed: c } = t;
			e === h.link && (n ? m(n) : a ? (I(a.position).forEach(d), l("live"), r("live", e)) : o ? (I(o.since).forEach((e, t) => {
				i.delete(t);
			}), I(o.position).forEach(d), u(o)) : s ? r("gap", s) : c ? p(e, c.error) : r("push", t));
		},
		lost(e, t) {
			h.link && h.link !== e || (h.link = void 0, h.state !== "connecting" && (h.state = "reconnecting"), r("state", {
				state: h.state,
				...t
			}));
		},
		end() {
			clearTimeout(s), h.link = void 0, l("closed");
		}
	};
	return h;
}
// src/tokens.ts
var R = 2 ** 31 - 1, z = class {
	token;
	#e;
	#t;
	#n = !1;
	#r;
	#i;
	#a = 0;
	constructor(e, t) {
		this.#e = e, this.#t = t;
	}
	through(e, t) {
		return (n, r, i) => {
			let a, o = !1;
			return (this.#n || this.token === void 0 ? this.#s(this.#n) : Promise.resolve()).then(() => {
				o || (a = e(n, r, i));
			}).catch((e) => {
				o || (t(e), i.onClose(1006, `${e}`));
			}), {
				send: (e) => a?.send(e),
				close(e, t) {
					o = !0, a?.close(e, t);
				}
			};
		};
	}
	refused() {
		let e = this.#n;
		return this.#n = !0, e;
	}
	accepted(e) {
		this.#n = !1, this.expiresIn(e);
	}
	expiresIn(e) {
		this.#a = 0, clearTimeout(this.#i), e !== void 0 && this.#o(e * 900);
	}
	expiring(e) {
		clearTimeout(this.#i), this.#o(Math.random() * e * 100);
	}
	stop() {
		clearTimeout(this.#i);
	}
	#o(e) {
		this.#i = setTimeout(() => this.#c(), Math.min(e, R));
	}
	#s(e) {
		return this.#r ??= Promise.resolve(e).then(this.#e).then((e) => {
			this.token = e;
		}).finally(() => {
			this.#r = void 0;
		}), this.#r;
	}
	async #c() {
		try {
			await this.#s(!0), this.token !== void 0 && this.expiresIn((await this.#t(this.token)).expires);
		} catch {
			this.#o(1e3 + v(++this.#a));
		}
	}
}, B = 16 * 2 ** 20, V = 5e3, H = {
	name: "holdfast-js",
	version: "0.1.0"
};
function U(e, t, r) {
	let { WebSocket: i, dial: a = g(h(i)) } = t, o = w(e, {
		...t,
		dial: a
	}), s = /* @__PURE__ */ new Map(), c, l, u = /* @__PURE__ */ new WeakMap(), d = /* @__PURE__ */ new WeakMap(), f = /* @__PURE__ */ new Map(), p = !1, m = !1, v = 0, y, x = (e) => {
		G.state !== e && (G.state = e, r("state", e));
	}, S = () => [c, l].filter((e) => e?.open), C = () => {
		let e = c;
		p && e && O.allOn(e) && [...s.values()].every(({ link: t }) => t === e) && ![...f.values()].some((t) => k(t, e)) && (p = !1, q.moved(e)), m && O.empty() && M.whenEmpty(() => q.end({
			code: 1e3,
			reason: "",
			clean: !0
		}));
	}, E = () => {
		c && M.use(c);
	}, D = (e) => u.get(e) === "websocket" ? o.encoding : n, O = _(D, C), j = A(s, d, D), M = F((e, t) => {
		let n = j(e, t);
		return n === void 0 && f.set(e.done, e), n;
	}), N = (e) => s.get(Object.values(e)[0]?.sub), I = P((e, t) => N(t)?.pushed(e, t)), R = async (e, t, n) => {
		if (G.state === "closed") throw { code: "closed" };
		return O.ask(e, t, n);
	}, U = t.token && new z(t.token, async (e) => {
		let t = await R("refresh", { token: e }, !1);
		return t.session && c && (c.welcome.session = t.session), t;
	}), W = (e) => r("error", {
		code: "not_dialled",
		message: `${e}`,
		retry: !0,
		cause: e
	}), G = {
		state: "connecting",
		transport: void 0,
		subscriptions: s,
		links: S,
		ask: R,
		begin(e) {
			for (let t of S()) I.subscribe(e, t);
		},
		subscribe(e, t, n) {
			let r = b(), i = L(r, e, t, (e, a) => {
				e === "message" && M.echoed(a) && t.echo === !1 || (e === "ended" && s.delete(r), e === "gap" && I.takes(i) || (n(e, a), (e === "subscribed" || e === "ended") && C(), e === "live" && d.set(i, a), (e === "live" || e === "state") && E()));
			});
			return s.set(r, i), G.begin(i), i;
		},
		publish(e, t, n = {}) {
			let r = "", i = new Promise((i, a) => {
				if (G.state === "closed") return a({ code: "closed" });
				if (v + t.length > B) return a({
					code: "queue_full",
					retry: !0
				});
				v += t.length;
				let o = (e, n) => {
					v -= t.length, f.delete(o), e ? a(e) : i(n ?? {}), C();
				};
				r = M.publish({
					channel: e,
					data: t,
					...n
				}, o);
			});
			return Object.assign(i, { id: r });
		},
		close() {
			m = !0, y ??= setTimeout(q.end, V, {
				code: 1006,
				reason: "unacknowledged",
				clean: !1
			}), C();
		}
	}, K = Math.floor(Math.random() * e.length), q = T([...e.slice(K), ...e.slice(0, K)], U ? {
		...o,
		dial: U.through(o.dial, W)
	} : o, {
		hello: () => ({
			token: U?.token,
			client: H
		}),
		opened(e, t) {
			l = e, u.set(e, t ?? "websocket");
			for (let t of s.values()) I.subscribe(t, e);
		},
		greeted(e) {
			c = e, G.transport = u.get(e), l = void 0, p = !0, U?.accepted(e.welcome.expires), x("live"), r("welcome", e.welcome), O.use(e), M.use(e), C();
		},
		pushed(e, t) {
			let n = N(t);
			n ? I.keeps(n, e, t) || n.pushed(e, t) : t.expiring ? U?.expiring(t.expiring.in) : t.error && r("error", t.error);
		},
		lost(e, t) {
			e || W(t.reason), O.lost(e), I.lost(e);
			for (let n of s.values()) n.lost(e, t);
			e === c && (c = void 0, G.transport = void 0, x("reconnecting")), E(), c || r("waiting", t);
		},
		renews: (e) => e === 4401 && !!U && !U.refused(),
		closed(e) {
			clearTimeout(y), G.transport = void 0, x("closed"), U?.stop();
			for (let e of s.values()) e.end();
			O.abandon(), M.end(), r("closed", e);
		}
	});
	return G;
}
// src/holdfast.ts
function W(e) {
	let t = new URL(e, globalThis.document?.baseURI ?? globalThis.location?.href);
	return t.protocol = t.protocol.replace("http", "ws"), t.pathname === "/" && (t.pathname = "/socket"), t.href;
}
var G = class extends l {
	welcome;
	#e;
	#t = /* @__PURE__ */ new Map();
	constructor(e, t = {}) {
		super(), this.#e = U([e].flat().map(W), t, (e, t) => {
			e === "welcome" && (this.welcome = t), e === "error" ? this.emit("error", new a(t)) : this.emit(e, t);
		});
	}
	get state() {
		return this.#e.state;
	}
	get transport() {
		return this.#e.transport;
	}
	channel(e, t) {
		let n = this.#t.get(e);
		return n || (n = new p(this.#e, { channel: e }, t), this.#t.set(e, n)), n;
	}
	pattern(e, t) {
		return new d(this.#e, { pattern: e }, t);
	}
	async rpc(e, t = "") {
		return (await o(this.#e.ask("rpc", {
			method: e,
			data: f(t)
		}, !1))).data;
	}
	close() {
		return new Promise((e) => {
			this.state === "closed" && e({
				code: 1e3,
				reason: "",
				clean: !0
			}), this.on("closed", e), this.#e.close();
		});
	}
};
// src/solo.ts
function K(e, n, r, i = "") {
	let a = new URL(n), o = (e) => {
		let t = a.searchParams.get(e);
		return a.searchParams.delete(e), t;
	}, [s, c] = a.pathname.split(/\/channels\/(.+)/);
	a.pathname = `${c ? s : ""}/socket`;
	let l = "";
	try {
		l = decodeURIComponent(c ?? "");
	} catch {}
	let u = {
		since: o("since"),
		last: +o("last") || void 0
	}, d = o("echo") !== "false", f = Promise.resolve(), p = 0, m = 0, h, g = (t, n = {}, r = Event) => e.dispatchEvent(Object.assign(new r(t, n), r === Event && n)), _ = (e, t = "") => w.end({
		code: e,
		reason: t,
		clean: !1
	}), v = ({ code: e, message: t = e }) => _(e === "too_large" ? 1009 : 1008, t), y = {
		subscribed(e) {
			w.moved(e), p || (p = 1, E.protocol = i, g("open"));
		},
		message(e) {
			let t = S.echoed(e);
			if (p === 1 && (d || !t)) {
				let { data: t } = e, r = typeof t != "string" && E.binaryType === "blob";
				g("message", {
					data: r ? new Blob([t]) : t,
					origin: n.origin
				}, MessageEvent);
			}
		},
		live: (e) => S.use(e),
		push() {},
		ended: v
	}, x = ({ code: e, reason: t, clean: n }) => {
		clearTimeout(h), p = 3, S.end(), C.end(), n || g("error"), g("close", {
			code: e,
			reason: t,
			wasClean: n
		}, globalThis.CloseEvent);
	}, S = F(({ sentAt: e = Infinity }, { welcome: { dedup: t = 0 } }) => e <= Math.min(C.lostAt, Date.now() - t * 500) ? "outcome_unknown" : void 0), C = L(b(), { channel: l }, u, (e, t) => {
		let n = y[e];
		n ? n(t) : g(e, t);
	}), w = T([a.href], r, {
		...C,
		closed: x
	}), E = {
		binaryType: "blob",
		protocol: "",
		get readyState() {
			return p;
		},
		get bufferedAmount() {
			return m;
		},
		get state() {
			return C.state;
		},
		send(e) {
			let n = 2 ** 24, r = e.size ?? t.encode(e).length;
			m += r, p === 1 && (f = f.then(async () => {
				let t = typeof e == "string" ? e : new Uint8Array(await e.arrayBuffer());
				S.publish({
					channel: l,
					data: t
				}, (e) => {
					e ? v(e) : m -= r;
				});
			}).catch(() => _(1006)), m > n && _(1008, "queue_full"));
		},
		close(e, t) {
			p < 2 && (h = setTimeout(_, p * 5e3, 1006), p && f.then(() => S.whenEmpty(() => w.end(e, t, e.reason))), p = 2);
		}
	};
	return E;
}
// src/socket.ts
function q({ length: e }) {
	if (!e) throw TypeError();
}
function J(e, t = "SyntaxError") {
	throw new DOMException(e, t);
}
var Y = class e extends EventTarget {
	#e;
	#t;
	#n = "";
	#r = {};
	#i = (e) => this.#r[e.type]?.call?.(this, e);
	constructor(e, t = [], n = {}) {
		super(), q(arguments);
		let r = `${e}`, i = [t].flat().map((e) => `${e}`);
		try {
			if (this.#e = new URL(r, globalThis.document?.baseURI ?? globalThis.location?.href), this.#e.protocol = this.#e.protocol.replace("http", "ws"), new Headers(i.map((e) => [e, ""])), !/^wss?:[^#]*$/.test(this.#e.href) || new Set(i).size < i.length) throw i;
		} catch {
			J("bad URL or protocol");
		}
		this.#t = K(this, this.#e, n, i[0]);
	}
	get url() {
		return this.#e.href;
	}
	get readyState() {
		return this.#t.readyState;
	}
	get protocol() {
		return this.#t.protocol;
	}
	get extensions() {
		return this.#n;
	}
	get bufferedAmount() {
		return this.#t.bufferedAmount;
	}
	get binaryType() {
		return this.#t.binaryType;
	}
	set binaryType(e) {
		let t = `${e}`;
		(t === "blob" || t === "arraybuffer") && (this.#t.binaryType = t);
	}
	get state() {
		return this.#t.state;
	}
	send(e) {
		q(arguments);
		let t = ArrayBuffer.isView(e) || /(Blob|File|Buffer)]$/.test(Object.prototype.toString.call(e)) ? new Blob([e]) : `${e}`.toWellFormed();
		this.#t.readyState || J("connecting", "InvalidStateError"), this.#t.send(t);
	}
	close(e = void 0, n = "") {
		let r = this.#t, i = e === void 0 ? 1e3 : +e + 2 ** 52 - 2 ** 52, a = `${n}`.toWellFormed();
		/^(1000|[34]...)$/.test(`${i}`) || J("bad code", "InvalidAccessError"), t.encode(a).length > 123 && J("bad reason"), r.close({
			code: e === void 0 ? 1005 : i,
			reason: a,
			clean: !0
		}, i);
	}
	static {
		let { prototype: t } = e;
		for (let n of [e, t]) [
			"CONNECTING",
			"OPEN",
			"CLOSING",
			"CLOSED"
		].map((e, t) => Object.defineProperty(n, e, {
			value: t,
			enumerable: !0
		}));
		for (let e of [
			"open",
			"message",
			"error",
			"close"
		]) Object.defineProperty(t, `on${e}`, {
			get() {
				return this.#r[e] ?? null;
			},
			set(t) {
				this.#r[e] = Object(t) === t ? t : null, this[this.#r[e] ? "addEventListener" : "removeEventListener"](e, this.#i);
			},
			configurable: !0
		});
		for (let e of Reflect.ownKeys(t)) Object.defineProperty(t, e, { enumerable: e !== "constructor" });
		Object.defineProperty(t, Symbol.toStringTag, {
			value: "WebSocket",
			configurable: !0
		});
	}
};
export { p as Channel, d as Feed, G as Holdfast, a as HoldfastError, Y as HoldfastSocket, s as jsonCodec, i as msgpack, g as orHTTP, h as webSocket };
