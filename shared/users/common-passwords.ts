/**
 * The most common passwords of at least the minimum length: the first 72 bits of the SHA-256 of each, in lower case.
 * Made from the list of `@zxcvbn-ts/language-common`; tests/unit/users/common-passwords.test.ts holds the two equal.
 */
export const commonPasswordHashes: ReadonlySet<string> = new Set(
  (
    "-BWuYXw2Q0bo -UH1V-6JaDAP -VK3S2CDVUgi -m5eWhiorxa5 0XRuHOnRae2r 0lsbU_7aO9Up 1LRYZNnW-r_F 1SR1upSSpx7F 23rZUDNuvS9V " +
    "29zwG_Us6sGF 2EqaaysP6ubt 2GyGUbeUuvql 2K7MZSzk-zxj 2Kr8S4R8NR0z 2vzOTH7UN4f5 3mJ4q57RKSyI 42-r2h8DYMjO 4AD0D8Ts8DYH " +
    "4SuC0djXDxqE 4WiJe7STV_YM 53O7XZAmqgme 5ABeLBV4oegm 5JozIW0YzfmJ 5b32k2ZKg6dC 5jgYAZH7pQ3j 5xTMsjpRqEcO 6NXRuQ_7Ld7K " +
    "6PGtK96jr5RJ 6aL00OHwGxzW 6lWVzeiNgj1B 71Ks4JDMxpDD 7O97HmTHDey5 7unG4ZBvblS0 7vocfgyWS7uj 8-rFbqRkeV88 84TA5PiNyepV " +
    "88iAEqyD7mQt 8dET-cCAkBJw 8fpdbCZCbzfn 97zS1ONydvS6 9YfU1YZgYTgD 9ckxayB6jvn1 9fHOjyXXgH5Y 9kSz0HcC3Ivp ACX3VwTw15qu " +
    "AFSn3p1P3c04 AKa3LUCJrHWy ALR3dSD7HfrY AM_kbSur0zPR AVAA9LWM5AIP AfccmiurLBSD AktMLyeSL87f AvUUgvVypHC0 AyzBH-elfn0K " +
    "BJWfqIEJNagJ BMzGdEVf6ANT BNvdF3sky_Af BRkl0D_Y3LMK BTQUFSSxh7VA BZYEkhFbuUlB B_UxYgNn4enO BbtDKkv21IRo BiXlv6Eeh7Qp " +
    "Bkf0sL_UmMN4 C2fGSk6WQOeN CXy2wyWuv1MU CZOPkSjQDZc_ Cad_ROuOb-5k CfunlD4irC7a Cmcki5rgZGhR Cx2_8nFKWozq DW_924eX2oeD " +
    "DaC5Q_MirXKt DeBeRbnfM5Uc DjyxN6RigDVu EH3c6tVgdUHr F0F-v-Blom5P F0y3USFJbSrd FIZKaiPe_JBd FLvj9yZIyNxX FQNDQxztVdO- " +
    "FmjBH7gdZPQf FuU56IOiItEp G3M-MIlxAqhH GAPGoz0mk8kR GF79TOh2tpjP GFR1XADNu8hY GL9u3ISAzzrz GUgovfg4oaIV GmhC_8tou7wr " +
    "GmvU2dedwKeb GwHjChn5C1Oh H0VOjOjXxIch HDEt1kJqFme- HGmdBtlmOgO_ Hju4lHVvjWK1 I84H_ofbhaZp IFmu9HmWy4F3 IOfC6Jgn6Co- " +
    "J-7Pl_MN1M-u JD0CPMKyqDLp JWahjNHqxf4W JiiNmQRcjM3v JnXnMonAdODG KIn1Rq-npmml KSniL0ixxnyi KUOlZ7wFvGbK KjM0nn5gaorS " +
    "KwqMI0u5U08m L19s5a4wtUql LEAgk_VmoOO1 LLOAnuPteqGt LVQ7vBK39q_n LYpBMieqJ9LS Lisk-O5Au4R_ M0idJJt52Iq4 M9c-I0EcWTJy " +
    "MABfVs8vTUTn MZuuKP5OZFwK MfYed_JXnf3H N-ctVHhL6TPd NbbQqqrjnMWs NfkVZqaHwLN0 NieZllxQbLhk NqoVqI56s2CE O02i4o6-C8Kw " +
    "O2YE0xAJxLNJ O4R-90izVlQN OLh7ENCNjCNG OV8pEHMcUI_e OldFoF-H3e4d P1wLX5wybnlo PqRWtLPf7ytk Q0b_kvW1deqr Q3mx0goFqBfW " +
    "Q5CHSC0h1XWE QPWYzHZVDSkE QZTRcG7R9AjV Rchr_8uR1Rny RqKBzTVJitbg S7XtUuVkSAwO SB7DEMKnfFKm SH5CDJ3rPIb7 SJH4VkgKkOLx " +
    "SdYhMl61WmhH SpxT3tKaDXrt SrWBHoqgSxqG SsH1rv2bAl06 Sss-YmQcGYr1 THPWx311WcdC U6YMlDbZ8UTg UL_uSccG12ZB UPSAl-PloVZR " +
    "Vp0P-VO83-Tx VvSuNWOEfAlC W0BicumJsVwM W9etsCRGMbVE WLqjxUr1Ifhw WMax0yZT6Co6 WeIPaUVi2gmQ X1DdcnTv5CkR X1cqDaQDsXqS " +
    "XVpwoteIeYNN X_7S4b1Ws346 Xk_467X-hNjH XmEOa02CHgNa XpKG2oJhoV0r XspIkdryrKvk Xzs7YUlXEAh8 YGvkvn2kXsqu YXA0wi22ijpl " +
    "YmXbDIxdsWGe Ytm1ayOp7hin Z9cQpZCgbHaD ZKgTa-2BMSE0 ZbyGf2j_0cq3 ZnjUPnQtPzvg ZvH6gy1hmxxP _Kx2tLLJmN78 _MoogEXt2GqY " +
    "_U5-geH6BfUZ a4QZn1Y5Y-gf atZloD3F7pVp auIXFkoeO_5c axVxMkDoevIE bF8oWp7b2r38 bu37ltcnrdR7 c0duOCYxd3m4 c5jPEPKa_XFe " +
    "cORI7zCZ39JI cVqXSRxqOrWs cW-f-Skxx5wd cXmwswmIAcK5 d1ucIAACxMwP d7kOfpl4Olx_ dDBWFrK8FsBv dlrZ9MfmLjHn dy8P4bJuR0HA " +
    "eAsQz6qsSidf eJuZ6SpLPbX4 egGt6kuKEISn f9BvDiph_sS5 fDbFsPtrQ_o0 fcrJGqyR1-UT g3A1SQ8Iy2UQ gNqfiAiVF2oK gXSgXU4m0GMS " +
    "gdBv6RZh61WI ggbSLwQ3gRCO ghooAgWqUo1p grpwG8gf-ciw h2jO0l5jbt97 h9l9FebDutdk hFul5BLQFB_X hGBzcd5JKmbd hGFbGnvXaRLS " +
    "hN4TaFZYV_gX hOvBuseHn4pz hmJGfcfJ6raj iQekmbVK4MU2 iTUmIaLltpii iXsxIHLC-yiD i_TexUXhBbtU ibAKLt9tXVUu iukC3QkROqnw " +
    "ivv9uNvli5UX jFyufA3QqcZr jG6W96tqApTK jflQJlOPt-8F kBWzUCohdZfd kHfRr2nHvClJ kJzeSic-Xur4 klsTp--bS0lU lFcpmymsS6Wp " +
    "lTEk9ZZQgRLP lbOvMJkmFpVV lc5w2e3j8A8u lqHbeEqaxyFd mmIu6vSmJps- n4Cl4UAXzMBa nI9aSnd55qgX nhXsgQ0kj9ID nlonFPd8ZmfP " +
    "nt10Ev5l_wi9 oDZHVaOKh7oZ oLCk-dV4fpR2 okVv8GHEnHGD pe5w8VIlI_Gw pgOXSuSzZwbN pi7LjE-W86QB pievSUPD4nEy povzsv7VxcRK " +
    "q4ueArMmbwPJ qQogc3TSmnRn qR8Mwk_2i9cY qalaY6QuP93u r1f5ohtYO4Z0 rPRUiJeNn_RR rZsHArxBhJmx ra-d7G_ew8Ul rdumoVWVkIb- " +
    "rl3rhl05GvHF ruEnHrbwwE9O s0Vk8cTNHZjc s4KCJXicYbys sB6wAIBQt4gJ sCToQFsSdTvT sCVvDvTfttJ8 sQ5kJ4AuoKuW sQj9-Me2vdTm " +
    "sowizQRQlXWN ssN-0ZpdJ2ka tLt_I2riTXJt tMTY0b-3vA63 tR176m0CaapR trkBAlXOQK-i uDa-NY_KaIyM uNqCpJXm6lgv uWibRuBNqPHq " +
    "uclQZA4bN0Dp unXNOeqpHsae vFs_4y4jxPl- vOKWbAsNhTJ5 vQhetZpV9_cO vqfwiHW7MRzo wbWboMVuayF9 wryCnylRk5df x-QCJY7jlfiu " +
    "xALRO0qhpq6W xNMI9vIKvk5r xcCIEy5q2_MN xfIKZ50BTd1t xlWNLBFoIjQ- xoaJszjYRe6f xrPlEC8mjRem y14PrHXJIa4C y3mwKyCv_xhw " +
    "yCB57ISiX9Hv yF9nuoAmDF-r yK3kXtZPpO6N yMOLnIc0XXOB yQNOSa8sMoiL yQvA9tN994p4 yrGOXAzfeiLL ys_VJEADRN5R zFcSmkVJUZav " +
    "zTQNGlxBUd6i zmQoco-Kw0lN "
  )
    .trim()
    .split(" "),
);
