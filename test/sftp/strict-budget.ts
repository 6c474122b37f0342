import { Budget } from '../../src/channel/budget.js';

/** A budget that nobody may give less than nothing to: a reply was larger than what was set aside for it. */
export class StrictBudget extends Budget {
  override give(bytes: number): void {
    if (bytes < 0) throw new Error(`a reply of ${-bytes} bytes more than expected`);
    super.give(bytes);
  }
}
