// SPDX-License-Identifier: BSD-3-Clause
// PINs as people type them: 8 digits with a check digit, or 4 without (WSC 2.0, 7.4.1).

/** The digits, without the spaces and hyphens that a label has. */
export const readPin = (text) => text.replace(/[\s\u2010-\u2015-]/gu, "");

/** Why this is no PIN, for people, or null. */
export function problemOfPin(pin) {
  if (pin === "") return "Please type the PIN.";
  if (!/^\d+$/.test(pin)) return "A PIN has digits only.";
  if (pin.length !== 4 && pin.length !== 8) return `A PIN has 8 digits, or 4; these are ${pin.length}.`;
  if (pin.length === 8 && checksum(pin) % 10 !== 0) return "One digit is wrong: the last one does not fit the others. Please compare.";
  return null;
}

/** Σ 3·d₁ + d₂ + 3·d₃ + … + d₈, a multiple of 10 */
const checksum = (pin) => [...pin].reduce((sum, digit, i) => sum + Number(digit) * (i % 2 === 0 ? 3 : 1), 0);

/** A fresh PIN of 8 digits, as random as the browser can make it. */
export function newPin() {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  const digits = String(random % 10_000_000).padStart(7, "0");
  return digits + ((10 - (checksum(`${digits}0`) % 10)) % 10);
}
