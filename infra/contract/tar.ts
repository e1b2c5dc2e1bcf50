/** Writes tar archives (POSIX.1-1988 ustar) of text files. The same files give the same bytes. */

const blockSize = 512;

/** @param files path → text; a path has at most 100 ASCII characters */
export function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, text]) => entry(path, Buffer.from(text)));
  return Buffer.concat([...entries, Buffer.alloc(2 * blockSize)]);
}

function entry(path: string, contents: Buffer): readonly Buffer[] {
  if (!/^[ -~]{1,100}$/.test(path)) throw new Error(`${path} does not fit into an archive`);
  const padding = Buffer.alloc((blockSize - (contents.length % blockSize)) % blockSize);
  return [header(path, contents.length), contents, padding];
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0");
  block.write(path, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  // The checksum counts its own field as blanks.
  block.write(" ".repeat(8), 148);
  block.write("0", 156);
  block.write("ustar\0" + "00", 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
