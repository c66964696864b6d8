// Draws the mails of target/mails (scripts/mail-pictures).
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "target/mails");
const wanted = process.argv.slice(2);
const names = readdirSync(folder)
	.filter((name) => name.endsWith(".html"))
	.filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)));
if (names.length === 0) throw new Error("there is no such mail");

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
const wide = [];
for (const width of [360, 800]) {
	for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
		const page = await browser.newPage({ colorScheme, viewport: { width, height: 640 } });
		for (const name of names) {
			await page.goto(pathToFileURL(join(folder, name)).href);
			const found = await page.evaluate(() => document.documentElement.scrollWidth);
			if (found > width) wide.push(`${name}: ${found} px at ${width}`);
			const picture = name.replace(/html$/, `${width}.${colorScheme}.png`);
			await page.screenshot({ path: join(folder, picture), fullPage: true });
		}
		await page.close();
	}
}
await browser.close();
console.log(`${names.length} mails in ${folder}`);
if (wide.length > 0) {
	console.error(wide.join("\n"));
	process.exit(1);
}
