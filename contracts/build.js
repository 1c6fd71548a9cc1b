// SPDX-License-Identifier: MIT OR Apache-2.0
// Compiles src/*.sol to artifacts/*.json, one file a contract. See README.md for the command.
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const VERSION = "0.8.30";
if (!solc.version().startsWith(VERSION + "+")) throw new Error(`expected solc ${VERSION}, got ${solc.version()}`);

// Contracts run from Shanghai on; this one reads BLOBHASH, which is Cancun's.
const CANCUN = ["RollupInbox.sol"];

function compile(file) {
  const input = {
    language: "Solidity",
    sources: { [file]: { content: fs.readFileSync(path.join(__dirname, "src", file), "utf8") } },
    settings: {
      evmVersion: CANCUN.includes(file) ? "cancun" : "shanghai",
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { "*": { "*": ["evm.bytecode.object", "evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  for (const message of output.errors || []) console.error(message.formattedMessage);
  if ((output.errors || []).some((message) => message.severity === "error")) process.exit(1);
  return Object.entries(output.contracts[file]).map(([name, contract]) => ({
    name,
    source: `src/${file}`,
    compiler: solc.version(),
    evmVersion: input.settings.evmVersion,
    creation: "0x" + contract.evm.bytecode.object,
    runtime: "0x" + contract.evm.deployedBytecode.object,
  }));
}

const directory = path.join(__dirname, "artifacts");
fs.mkdirSync(directory, { recursive: true });
for (const file of fs.readdirSync(path.join(__dirname, "src")).sort()) {
  for (const artifact of compile(file)) {
    if (artifact.runtime === "0x") continue; // an interface
    fs.writeFileSync(path.join(directory, artifact.name + ".json"), JSON.stringify(artifact, null, 2) + "\n");
  }
}
