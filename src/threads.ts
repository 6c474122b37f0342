import { Worker, type MessagePort } from 'node:worker_threads';
import { Fault, toFault, type FaultCode } from './fault.js';

/** The kinds of worker threads there are; `bin/worker.ts` knows the module of each. */
export type ThreadKind = 'paths' | 'hashes' | 'passwords';

/** What a thread can be asked: one argument and one result each, both structured-cloneable. */
export type Operations = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly fault: FaultCode;
      readonly message: string;
      readonly cause: string | undefined;
    };

interface Waiting {
  resolve(result: unknown): void;
  reject(fault: Fault): void;
}

// Worker threads need compiled code (Node 20 loads no `.ts`); seen from `src/` and from `dist/` this is the same file.
const entry = new URL('../dist/bin/worker.js', import.meta.url);

/**
 * One worker thread that answers questions in the order they were asked. A thread that dies is started again for the
 * next question; what it had not answered fails. It keeps the process alive only while an answer is due.
 */
export class Thread<O extends Operations> {
  readonly #kind: ThreadKind;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #lastId = 0;

  constructor(kind: ThreadKind) {
    this.#kind = kind;
  }

  /** Questions not yet answered. */
  get pending(): number {
    return this.#waiting.size;
  }

  call<Name extends keyof O & string>(
    name: Name,
    argument: Parameters<O[Name]>[0],
  ): Promise<Awaited<ReturnType<O[Name]>>> {
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, argument } satisfies Question);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failAll(new Fault('cancelled'));
  }

  #start(): Worker {
    // A descriptor opened in a thread belongs to the process: the thread must not close it when it ends.
    const worker = new Worker(entry, { workerData: this.#kind, trackUnmanagedFds: false });
    worker.unref();
    worker.on('message', (answer: Answer) => this.#take(worker, answer));
    const died = (cause: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#failAll(new Fault('failure', undefined, { cause }));
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`the ${this.#kind} thread ended with code ${code}`)));
    return worker;
  }

  #take(worker: Worker, answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) worker.unref();
    if ('fault' in answer) {
      waiting?.reject(new Fault(answer.fault, answer.message, { cause: answer.cause }));
    } else {
      waiting?.resolve(answer.result);
    }
  }

  #failAll(fault: Fault): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) one.reject(fault);
  }
}

/** The thread's side: answers each question with the operation of its name. */
export function answerQuestions(port: MessagePort, operations: Operations): void {
  const table = new Map(Object.entries(operations));
  port.on('message', ({ id, name, argument }: Question) => {
    const operation = table.get(name);
    const result = new Promise((resolve) => {
      if (!operation) throw new Error(`no thread operation '${name}'`);
      resolve(operation(argument as never));
    });
    result.then(
      (value) => port.postMessage({ id, result: value } satisfies Answer),
      (thrown: unknown) => {
        const { code, message, cause } = toFault(thrown);
        const text = cause instanceof Error ? (cause.stack ?? cause.message) : cause;
        port.postMessage({
          id,
          fault: code,
          message,
          cause: typeof text === 'string' ? text : undefined,
        } satisfies Answer);
      },
    );
  });
}
