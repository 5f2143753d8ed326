// SPDX-License-Identifier: Apache-2.0
// eddsa-jcs-2022 with nothing but Node's own cryptography: a second opinion on what the node signs.
import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

// Multibase base58btc ("z..."), as bytes.
function base58(text) {
    if (text[0] !== "z") throw new Error("not base58btc");
    let number = 0n;
    for (const sign of text.slice(1)) number = number * 58n + BigInt(BASE58.indexOf(sign));
    const hex = number.toString(16);
    const zeros = text.slice(1).match(/^1*/)[0].length;
    return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex")]);
}

// RFC 8785: members in the order of their UTF-16 code units; ECMAScript prints strings and numbers as it demands.
function jcs(value) {
    if (Array.isArray(value)) return `[${value.map(jcs).join()}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`).join()}}`;
}

const hash = (value) => createHash("sha256").update(jcs(value)).digest();

// Did the owner of this key (multibase, as in the trust list) sign the document as it is?
export function verify({ proof, ...document }, key) {
    const { proofValue, ...options } = proof;
    const coded = base58(key);
    if (options.cryptosuite !== "eddsa-jcs-2022" || options.verificationMethod !== `did:key:${key}#${key}`) return false;
    if (coded.length !== 34 || coded[0] !== 0xed || coded[1] !== 0x01) return false;
    const jwk = { kty: "OKP", crv: "Ed25519", x: coded.subarray(2).toString("base64url") };
    const signed = Buffer.concat([hash(options), hash(document)]);
    return verifySignature(null, signed, createPublicKey({ key: jwk, format: "jwk" }), base58(proofValue));
}
