/** How many digits behind the point a price has at most. */
const DIGITS = 8;

/**
 * What one whole unit costs, in whole units, from an exact ratio of smallest ones; nothing while the
 * decimals of either asset are not known.
 */
export function priceInUnits(
  price: { wanted: string; given: string },
  givesDecimals: number | null | undefined,
  wantsDecimals: number | null | undefined,
): string | undefined {
  if (givesDecimals == null || wantsDecimals == null) return undefined;
  const given = BigInt(price.given) * 10n ** BigInt(wantsDecimals);
  if (given === 0n) return undefined;
  const wanted = BigInt(price.wanted) * 10n ** BigInt(givesDecimals + DIGITS);
  // Rounded up: nobody pays less than this.
  const digits = ((wanted + given - 1n) / given).toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  return digits.slice(0, -DIGITS) + (fraction && `.${fraction}`);
}
