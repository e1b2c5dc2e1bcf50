// Runs before every command. Plain JavaScript, so that it also runs on the Node versions it refuses.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `Portico needs Node 24 to run; this is Node ${process.versions.node}. On Linux x64 \`npm ci\` brings it along; elsewhere install Node 24 from https://nodejs.org.`,
  );
  process.exit(1);
}
