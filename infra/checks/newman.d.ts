/** The part of newman that `run-collection.ts` uses. The package has no types. */
declare module "newman" {
  export interface Summary {
    readonly run: {
      readonly executions: readonly {
        readonly item: { readonly id: string; readonly name: string };
        readonly request: {
          readonly method: string;
          readonly url: { getPath(): string };
          readonly body?: { readonly raw?: string };
        };
        readonly response?: { readonly code: number; readonly stream?: Buffer };
        readonly assertions?: readonly { readonly assertion: string; readonly error?: { readonly message: string } }[];
        readonly requestError?: Error;
      }[];
      readonly failures: readonly {
        readonly error: { readonly message: string };
        readonly source?: { readonly name?: string };
      }[];
    };
  }
  export function run(
    options: {
      /** The path of a file, or what it has. */
      readonly collection: string | object;
      readonly envVar: readonly { readonly key: string; readonly value: string }[];
      readonly timeoutRequest: number;
    },
    done: (error: Error | null, summary: Summary) => void,
  ): void;
}
