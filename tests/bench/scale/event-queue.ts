/** A queue of events in the order of their times: a binary heap. */
export class EventQueue<Value> {
  readonly #heap: { readonly at: number; readonly value: Value }[] = [];

  add(at: number, value: Value): void {
    const heap = this.#heap;
    let child = heap.push({ at, value }) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.#timeOf(parent) <= this.#timeOf(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  /** Removes the earliest event. */
  take(): { readonly at: number; readonly value: Value } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      if (left >= heap.length) return first;
      const child = left + 1 < heap.length && this.#timeOf(left + 1) < this.#timeOf(left) ? left + 1 : left;
      if (this.#timeOf(parent) <= this.#timeOf(child)) return first;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #timeOf(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other] as never, heap[one] as never];
  }
}
