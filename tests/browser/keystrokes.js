// How long a task takes somebody who knows it, reckoned from what he has to do: the keystroke-level model (Card, Moran and
// Newell, 1980). What is counted are the operators of a run in a real browser, as it acts; how long the desk takes to
// answer is measured. It is a model, and not people: nobody reads, hesitates or errs in it (docs/usability.md).

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/** Seconds that each operator takes: a key, pointing at something, a hand from keyboard to mouse or back, a thought. */
export const SECONDS = { K: 0.28, P: 1.1, H: 0.4, M: 1.35 };

/** @typedef {{ K: number, P: number, H: number, M: number }} Operators */
/** @typedef {{ what: string, operators: Operators, waited: number }} Step */

/** Keys that are held while another is pressed. @param {string} key */
const chord = (key) => key.split("+");

/** How many keys a text is: a capital letter, a colon and a question mark are two. @param {string} text */
const keysOf = (text) => Array.from(text).reduce((all, letter) => all + (/[\p{Lu}:;?!"()¿¡]/u.test(letter) ? 2 : 1), 0);

/** Somebody at a page, who does one thing after the other. */
export class Hands {
	/** @type {Step[]} */
	steps = [];
	/** Fields that were filled in or chosen from. */
	fields = 0;
	/** Keys other than those of a text, with those that are held. */
	keys = 0;
	/** @type {"keyboard" | "mouse"} */
	#at;
	/** @type {Page} */
	#page;
	/** When the last of a step was pressed: from then on he waits. */
	#since = 0;

	/** @param {Page} page @param {"keyboard" | "mouse"} at where the hand rests */
	constructor(page, at) {
		this.#page = page;
		this.#at = at;
	}

	/** @param {"keyboard" | "mouse"} to @param {Operators} operators */
	#hand(to, operators) {
		if (this.#at !== to) operators.H += 1;
		this.#at = to;
	}

	/**
	 * @param {string} what
	 * @param {(operators: Operators) => Promise<unknown>} act
	 * @param {() => Promise<unknown>} [until] what he waits for
	 */
	async #step(what, act, until) {
		const operators = { K: 0, P: 0, H: 0, M: 0 };
		await act(operators);
		await until?.();
		this.steps.push({ what, operators, waited: until ? (performance.now() - this.#since) / 1000 : 0 });
	}

	/**
	 * Thinks, points at something and clicks. What is not in sight is scrolled to first, which is taken for pointing once more.
	 * @param {string} what
	 * @param {Locator} target
	 * @param {{ until?: () => Promise<unknown>, field?: boolean }} [more]
	 */
	click(what, target, { until, field } = {}) {
		return this.#step(
			what,
			async (operators) => {
				const box = await target.boundingBox();
				const height = this.#page.viewportSize()?.height ?? 0;
				if (!box || box.y < 0 || box.y + Math.min(box.height, 40) > height) operators.P += 1;
				operators.M += 1;
				this.#hand("mouse", operators);
				operators.P += 1;
				operators.K += 1;
				if (field) this.fields += 1;
				this.#since = performance.now();
				await target.click();
			},
			until,
		);
	}

	/**
	 * Thinks, and presses keys that belong together.
	 * @param {string} what
	 * @param {string[]} keys
	 * @param {{ until?: () => Promise<unknown>, field?: boolean, foreseen?: boolean }} [more] `foreseen`: it follows from the
	 * last one without a thought
	 */
	press(what, keys, { until, field, foreseen } = {}) {
		return this.#step(
			what,
			async (operators) => {
				if (!foreseen) operators.M += 1;
				this.#hand("keyboard", operators);
				if (field) this.fields += 1;
				for (const key of keys) {
					operators.K += chord(key).length;
					this.keys += chord(key).length;
					this.#since = performance.now();
					await this.#page.keyboard.press(key);
				}
			},
			until,
		);
	}

	/**
	 * Thinks of what to say, and types it where the cursor is.
	 * @param {string} what
	 * @param {string} text
	 */
	type(what, text) {
		return this.#step(what, async (operators) => {
			operators.M += 1;
			this.#hand("keyboard", operators);
			operators.K += keysOf(text);
			this.fields += 1;
			await this.#page.keyboard.type(text);
		});
	}

	/** All of it, in seconds. */
	get seconds() {
		return this.steps.reduce((all, step) => all + took(step), 0);
	}

	/** The account, line by line. @param {string} title */
	table(title) {
		const row = (/** @type {(string | number)[]} */ cells) =>
			cells.map((cell, at) => (at === 0 ? String(cell).padEnd(44) : String(cell).padStart(6))).join(" ");
		const sum = (/** @type {keyof Operators} */ kind) =>
			this.steps.reduce((all, { operators }) => all + operators[kind], 0);
		const waited = this.steps.reduce((all, step) => all + step.waited, 0);
		return [
			row([title, "M", "H", "P", "K", "waits", "s"]),
			...this.steps.map((step) => {
				const { M, H, P, K } = step.operators;
				return row([step.what, M, H, P, K, step.waited.toFixed(2), took(step).toFixed(2)]);
			}),
			row(["in all", sum("M"), sum("H"), sum("P"), sum("K"), waited.toFixed(2), this.seconds.toFixed(2)]),
			`${this.fields} fields, ${this.keys} keys beside the texts`,
		].join("\n");
	}
}

/** @param {Step} step */
function took({ operators, waited }) {
	const kinds = /** @type {(keyof Operators)[]} */ (Object.keys(SECONDS));
	return kinds.reduce((all, kind) => all + SECONDS[kind] * operators[kind], waited);
}
