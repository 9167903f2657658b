// src/memory.ts
var e = (e) => `holdfast ${new URL(e).host}`;
function t(t) {
	try {
		return sessionStorage.getItem(e(t));
	} catch {
		return null;
	}
}
function n(t, n) {
	try {
		n ? sessionStorage.setItem(e(t), n) : sessionStorage.removeItem(e(t));
	} catch {}
}
// src/wire.ts
var r = new TextEncoder();
function i(e) {
	return typeof e == "string" ? r.encode(e).length : e.length;
}
// src/json.ts
function a(e) {
	let t = "";
	for (let n of e) t += String.fromCharCode(n);
	return btoa(t);
}
var o = {
	protocol: "holdfast.v1.json",
	encode: (e) => JSON.stringify(e, (e, t) => t?.data instanceof Uint8Array ? {
		...t,
		data: a(t.data),
		binary: !0
	} : t),
	decode: (e) => [JSON.parse(e, (e, t) => (t?.binary && (t.data = Uint8Array.from(atob(t.data), (e) => e.charCodeAt(0)).buffer, delete t.binary), t))].flat()
}, s = 8, c = class {
	#e = /* @__PURE__ */ new Uint8Array(256);
	#t = new DataView(this.#e.buffer);
	#n = 0;
	value(e) {
		if (typeof e == "string") {
			let t = r.encode(e);
			this.#r(t.length, t.length < 32 ? 160 : void 0, [
				217,
				218,
				219
			]), this.#c(t);
		} else if (e instanceof Uint8Array) this.#r(e.length, void 0, [
			196,
			197,
			198
		]), this.#c(e);
		else if (typeof e == "number") this.#i(e);
		else if (typeof e == "boolean") this.#l(1, () => this.#t.setUint8(this.#n, e ? 195 : 194));
		else {
			let t = Object.entries(e).filter(([, e]) => e !== void 0);
			this.#r(t.length, 128, []);
			for (let [e, n] of t) this.value(e), this.value(n);
		}
	}
	done() {
		return this.#e.slice(0, this.#n);
	}
	#r(e, t, [n, r, i]) {
		t === void 0 ? e < 256 ? this.#a(n, e) : e < 65536 ? this.#o(r, e) : this.#s(i, e) : this.#l(1, () => this.#t.setUint8(this.#n, t + e));
	}
	#i(e) {
		!Number.isInteger(e) || e < 0 ? this.#l(9, () => {
			this.#t.setUint8(this.#n, 203), this.#t.setFloat64(this.#n + 1, e);
		}) : e < 128 ? this.#l(1, () => this.#t.setUint8(this.#n, e)) : e < 256 ? this.#a(204, e) : e < 65536 ? this.#o(205, e) : e < 2 ** 32 ? this.#s(206, e) : this.#l(9, () => {
			this.#t.setUint8(this.#n, 207), this.#t.setBigUint64(this.#n + 1, BigInt(e));
		});
	}
	#a(e = 0, t) {
		this.#l(2, () => this.#t.setUint16(this.#n, e * 256 + t));
	}
	#o(e = 0, t) {
		this.#l(3, () => {
			this.#t.setUint8(this.#n, e), this.#t.setUint16(this.#n + 1, t);
		});
	}
	#s(e = 0, t) {
		this.#l(5, () => {
			this.#t.setUint8(this.#n, e), this.#t.setUint32(this.#n + 1, t);
		});
	}
	#c(e) {
		this.#l(e.length, () => this.#e.set(e, this.#n));
	}
	#l(e, t) {
		if (this.#n + e > this.#e.length) {
			let t = new Uint8Array((this.#n + e) * 2);
			t.set(this.#e), this.#e = t, this.#t = new DataView(t.buffer);
		}
		t(), this.#n += e;
	}
}, l = new TextDecoder("utf-8", {
	fatal: !0,
	ignoreBOM: !0
}), u = class {
	#e;
	#t;
	#n = 0;
	constructor(e) {
		this.#e = e, this.#t = new DataView(e);
	}
	get over() {
		return this.#n === this.#e.byteLength;
	}
	value(e = 0) {
		let t = this.#c(1);
		if (t < 128) return t;
		if (t >= 224) return t - 256;
		if (t < 144) return this.#r(t - 128, e);
		if (t < 160) return this.#i(t - 144, e);
		if (t < 192) return this.#o(t - 160);
		switch (t) {
			case 192: return;
			case 194:
			case 195: return t === 195;
			case 196:
			case 197:
			case 198: return this.#s(this.#c(2 ** (t - 196)));
			case 202: return this.#l(4, (e) => this.#t.getFloat32(e));
			case 203: return this.#l(8, (e) => this.#t.getFloat64(e));
			case 204:
			case 205:
			case 206: return this.#c(2 ** (t - 204));
			case 207: return this.#l(8, (e) => Number(this.#t.getBigUint64(e)));
			case 208: return this.#l(1, (e) => this.#t.getInt8(e));
			case 209: return this.#l(2, (e) => this.#t.getInt16(e));
			case 210: return this.#l(4, (e) => this.#t.getInt32(e));
			case 211: return this.#l(8, (e) => Number(this.#t.getBigInt64(e)));
			case 217:
			case 218:
			case 219: return this.#o(this.#c(2 ** (t - 217)));
			case 220:
			case 221: return this.#i(this.#c(2 ** (t - 219)), e);
			case 222:
			case 223: return this.#r(this.#c(2 ** (t - 221)), e);
			default: throw RangeError(`0x${t.toString(16)} is not used by the protocol`);
		}
	}
	#r(e, t) {
		this.#a(t);
		let n = {};
		for (let r = e; r > 0; r--) {
			let e = String(this.value(s));
			Object.defineProperty(n, e, {
				value: this.value(t + 1),
				enumerable: !0,
				writable: !0,
				configurable: !0
			});
		}
		return n;
	}
	#i(e, t) {
		this.#a(t);
		let n = [];
		for (let r = e; r > 0; r--) n.push(this.value(t + 1));
		return n;
	}
	#a(e) {
		if (e >= s) throw RangeError("nested too deep");
	}
	#o(e) {
		return l.decode(this.#s(e));
	}
	#s(e) {
		return this.#l(e, (t) => this.#e.slice(t, t + e));
	}
	#c(e) {
		return this.#l(e, (t) => {
			let n = e === 1 ? this.#t.getUint8(t) : this.#t.getUint16(t);
			return e === 4 ? this.#t.getUint32(t) : n;
		});
	}
	#l(e, t) {
		let n = this.#n;
		if (this.#n += e, this.#n > this.#e.byteLength) throw RangeError("ends too early");
		return t(n);
	}
}, d = {
	protocol: "holdfast.v1.msgpack",
	encode: (e) => {
		let t = new c();
		return t.value(e), t.done();
	},
	decode: (e) => {
		if (typeof e == "string") return o.decode(e);
		let t = new u(e), n = t.value();
		if (typeof n != "object" || !t.over) throw RangeError("not one object or array");
		return Array.isArray(n) ? n : [n];
	}
};
export { t as a, r as i, o as n, n as o, i as r, d as t };
