// What a page may not do to whoever reads it otherwise than most: axe's rules, and what they do not see.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** @typedef {import("playwright-core").Page} Page */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Widths and themes that every page is held to. */
export const WIDTHS = [320, 768, 1280];
export const THEMES = /** @type {const} */ (["light", "dark"]);

/**
 * Violations of WCAG 2.2 A and AA and of good practice, as one line each.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
async function violations(page) {
	// By the protocol, past the page's own policy, which forbids just that.
	await page.evaluate(AXE);
	return page.evaluate(async () => {
		const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (/** @type {unknown} */ (window));
		const { violations: found } = await axe.run(document, { resultTypes: ["violations"] });
		return found.flatMap(({ id, nodes }) =>
			nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary?.replace(/\s+/g, " ")}`),
		);
	});
}

/** Wider than the window, and by what. @param {Page} page */
const overflowing = (page) =>
	page.evaluate(() => {
		if (document.documentElement.scrollWidth <= innerWidth) return [];
		return Array.from(document.querySelectorAll("body *"))
			.filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
			.slice(0, 3)
			.map((part) => `wider than the window: ${part.outerHTML.slice(0, 120)}`);
	});

/** Targets under 24 px that do not stand in running text. @param {Page} page */
const small = (page) =>
	page.evaluate(() => {
		const inLabel = ".choice, .pick, .check, .switch, .star";
		return Array.from(document.querySelectorAll("a, button, input, select, textarea, summary"))
			.filter((part) => {
				const { width, height } = part.getBoundingClientRect();
				if (width === 0 || part.matches(".skip") || !part.checkVisibility()) return false;
				if (part.matches("input") && part.closest(inLabel)) return false;
				if (part.matches("a") && getComputedStyle(part).display === "inline") return false;
				return width < 23.9 || height < 23.9;
			})
			.map((part) => `target under 24 px: ${part.outerHTML.slice(0, 120)}`);
	});

/**
 * Contrast of the text of buttons, tags, clocks and counts, from what is computed: 4.5:1.
 * @param {Page} page
 */
const faint = (page) =>
	page.evaluate(() => {
		const canvas = document.createElement("canvas");
		canvas.width = canvas.height = 1;
		const paint = canvas.getContext("2d", { willReadFrequently: true });
		if (!paint) return ["no canvas to compute colours on"];
		/** @param {string[]} layers from the lowest */
		const mixed = (layers) => {
			paint.clearRect(0, 0, 1, 1);
			for (const layer of layers) {
				paint.fillStyle = layer;
				paint.fillRect(0, 0, 1, 1);
			}
			return Array.from(paint.getImageData(0, 0, 1, 1).data.slice(0, 3));
		};
		/** @param {number[]} colour */
		const luminance = (colour) => {
			const [red = 0, green = 0, blue = 0] = colour.map((part) => {
				const share = part / 255;
				return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
			});
			return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
		};
		const faulty = [];
		for (const part of document.querySelectorAll(".button, .tag, .clock, .clock b, .count, .linkish, .hint, kbd")) {
			if (!part.textContent?.trim() || !part.checkVisibility()) continue;
			const grounds = [];
			for (let place = /** @type {Element | null} */ (part); place; place = place.parentElement) {
				grounds.unshift(getComputedStyle(place).backgroundColor);
			}
			const ground = mixed(grounds);
			const ink = mixed([...grounds, getComputedStyle(part).color]);
			const [high = 0, low = 0] = [luminance(ground), luminance(ink)].sort((one, other) => other - one);
			const contrast = (high + 0.05) / (low + 0.05);
			if (contrast < 4.5) faulty.push(`contrast ${contrast.toFixed(2)}: ${part.outerHTML.slice(0, 120)}`);
		}
		return faulty;
	});

/**
 * Holds the page as it stands to all of it, in every width and theme.
 * @param {Page} page
 */
export async function accessible(page) {
	const size = page.viewportSize() ?? { width: 1280, height: 900 };
	/** @type {string[]} */
	const found = [];
	for (const colorScheme of THEMES) {
		// Without motion, so that no colour is on its way from the other theme.
		await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
		for (const width of WIDTHS) {
			await page.setViewportSize({ width, height: size.height });
			const all = [await violations(page), await overflowing(page), await small(page), await faint(page)].flat();
			found.push(...all.map((fault) => `${width} px, ${colorScheme}: ${fault}`));
		}
	}
	await page.emulateMedia({ colorScheme: null, reducedMotion: null });
	await page.setViewportSize(size);
	assert.deepEqual(found, [], page.url());
}
