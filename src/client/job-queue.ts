export type Job = () => Promise<void>;

export interface JobQueueOptions {
  /** Files under way at once. */
  readonly files: number;
  /** Folders that are read at once. */
  readonly folders: number;
  /** Files that may wait, so that the walk stays ahead of the transfers and memory flat. */
  readonly ahead: number;
  /** Called when the walk has to wait for the first time. */
  readonly full?: () => void;
}

/** Folders that may wait. One more is read at once, inside the folder that it was found in. */
const waitingFolders = 64;

/**
 * Files that are moved, and folders that are read to find more of them. Both wait in short queues: a tree of any size
 * takes the memory of its depth. Jobs deal with their own faults.
 */
export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #files: Job[] = [];
  readonly #folders: Job[] = [];
  #movingFiles = 0;
  #readingFolders = 0;
  #stopped = false;
  #wasFull = false;
  readonly #room: (() => void)[] = [];
  readonly #watchers: { readonly is: () => boolean; readonly resolve: () => void }[] = [];

  constructor(options: JobQueueOptions) {
    this.#options = options;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Waits for nothing: for files that are in memory anyhow. */
  push(job: Job): void {
    if (this.#stopped) return;
    this.#files.push(job);
    this.#startFiles();
  }

  /** Resolves when the walk may go on. */
  async file(job: Job): Promise<void> {
    this.push(job);
    if (this.#files.length <= this.#options.ahead) return;
    if (!this.#wasFull) {
      this.#wasFull = true;
      this.#options.full?.();
    }
    await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  /** Resolves when the walk may go on: at once, or after the job where too many wait. */
  async folder(job: Job): Promise<void> {
    if (this.#stopped) return;
    if (this.#folders.length >= waitingFolders) {
      await job();
      return;
    }
    this.#folders.push(job);
    this.#startFolders();
  }

  /** Begins nothing any more; what is under way goes on. */
  stop(): void {
    this.#stopped = true;
    this.#files.length = 0;
    this.#folders.length = 0;
    for (const resolve of this.#room.splice(0)) resolve();
    this.#look();
  }

  /** Resolves when no folder is left to be read. */
  walked(): Promise<void> {
    return this.#when(() => this.#readingFolders === 0 && this.#folders.length === 0);
  }

  /** Resolves when nothing is left to be done. */
  done(): Promise<void> {
    return this.#when(
      () =>
        this.#readingFolders === 0 &&
        this.#movingFiles === 0 &&
        this.#folders.length === 0 &&
        this.#files.length === 0,
    );
  }

  #startFiles(): void {
    while (this.#movingFiles < this.#options.files) {
      const job = this.#files.shift();
      if (!job) return;
      this.#movingFiles++;
      void job().finally(() => {
        this.#movingFiles--;
        if (this.#files.length <= this.#options.ahead) for (const go of this.#room.splice(0)) go();
        this.#startFiles();
        this.#look();
      });
    }
  }

  #startFolders(): void {
    while (this.#readingFolders < this.#options.folders) {
      const job = this.#folders.shift();
      if (!job) return;
      this.#readingFolders++;
      void job().finally(() => {
        this.#readingFolders--;
        this.#startFolders();
        this.#look();
      });
    }
  }

  #when(is: () => boolean): Promise<void> {
    if (is()) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ is, resolve }));
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) {
      if (!watcher.is()) continue;
      this.#watchers.splice(this.#watchers.indexOf(watcher), 1);
      watcher.resolve();
    }
  }
}
