/** The directory of banks. A test keeps it equal to `banks.csv` beside this file. */
import type { Bank } from "./model.ts";

/** All banks in the order of their codes. */
export const banks: readonly Bank[] = [
  { code: "001", name: "Banco do Brasil" },
  { code: "003", name: "Banco da Amazônia" },
  { code: "004", name: "Banco do Nordeste do Brasil" },
  { code: "024", name: "Banco de Pernambuco" },
  { code: "029", name: "Banco do Estado do Rio de Janeiro" },
  { code: "033", name: "Banco Santander" },
  { code: "037", name: "Banco do Estado do Pará" },
  { code: "041", name: "Banco do Estado do Rio Grande do Sul" },
  { code: "044", name: "Banco BVA" },
  { code: "062", name: "Hipercard Banco Múltiplo" },
  { code: "065", name: "Banco Lemon" },
  { code: "066", name: "Banco Morgan Stanley" },
  { code: "072", name: "Banco Rural Mais" },
  { code: "074", name: "Banco J. Safra" },
  { code: "077", name: "Banco Inter" },
  { code: "079", name: "Banco JBS" },
  { code: "082", name: "Banco Topázio" },
  { code: "104", name: "Caixa Econômica Federal" },
  { code: "119", name: "Banco Western Union do Brasil" },
  { code: "208", name: "Banco BTG Pactual" },
  { code: "212", name: "Banco Original" },
  { code: "218", name: "Banco Bonsucesso" },
  { code: "229", name: "Banco Cruzeiro do Sul" },
  { code: "237", name: "Banco Bradesco" },
  { code: "241", name: "Banco Clássico" },
  { code: "250", name: "Banco de Crédito e Varejo (BCV)" },
  { code: "260", name: "NuConta" },
  { code: "336", name: "C6 Bank" },
  { code: "341", name: "Itaú Unibanco" },
  { code: "422", name: "Banco Safra" },
  { code: "464", name: "Banco Sumitomo Mitsui Brasileiro" },
  { code: "477", name: "Citibank" },
  { code: "600", name: "Banco Luso Brasileiro" },
  { code: "604", name: "Banco Industrial do Brasil" },
  { code: "610", name: "Banco VR" },
  { code: "634", name: "Banco Triângulo" },
  { code: "654", name: "Banco AJ Renner" },
  { code: "655", name: "Banco Votorantim" },
  { code: "707", name: "Banco Daycoval" },
  { code: "734", name: "Banco Gerdau" },
  { code: "735", name: "Banco Neon" },
  { code: "746", name: "Banco Modal" },
  { code: "749", name: "Banco Simples" },
];

export function isBank(code: string): boolean {
  return banks.some((bank) => bank.code === code);
}

/** The bank with this code. One that has left the directory gets its code as name, so its accounts stay readable. */
export function bankOf(code: string): Bank {
  return banks.find((bank) => bank.code === code) ?? { code, name: code };
}
