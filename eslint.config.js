/**
 * Lint: the strictest typed rule sets of typescript-eslint, what a library of promises needs besides, and the form of the code. There is no
 * formatter: how a table is laid out and where a line breaks is the author's, within the rules of `form`.
 *
 * Type-aware rules read the declarations of the built package (examples import it by its name), so build first.
 */
import stylistic from "@stylistic/eslint-plugin";
import tseslint from "typescript-eslint";

const form = {
  // Lines are meant to have at most 150 columns; ten more are let be. A text is not broken for its length, nor is a list of imports.
  "@stylistic/max-len": ["error", { code: 160, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true, ignorePattern: "^import " }],
  "@stylistic/quotes": ["error", "double", { avoidEscape: true, allowTemplateLiterals: "always" }],
  "@stylistic/semi": "error",
  "@stylistic/comma-dangle": ["error", "always-multiline"],
  "@stylistic/brace-style": ["error", "1tbs", { allowSingleLine: true }],
  "@stylistic/arrow-parens": "error",
  "@stylistic/member-delimiter-style": "error",
  "@stylistic/no-multiple-empty-lines": ["error", { max: 1, maxBOF: 0, maxEOF: 0 }],
  "@stylistic/padded-blocks": ["error", "never"],
  "@stylistic/spaced-comment": ["error", "always", { markers: ["/"] }],
  "@stylistic/space-before-function-paren": ["error", { anonymous: "always", named: "never", asyncArrow: "always" }],
  "@stylistic/yield-star-spacing": ["error", "after"],
  ...Object.fromEntries([
    "eol-last", "linebreak-style", "no-tabs", "no-trailing-spaces", "no-multi-spaces", "no-extra-semi", "no-floating-decimal", "no-whitespace-before-property",
    "arrow-spacing", "block-spacing", "comma-spacing", "computed-property-spacing", "function-call-spacing", "key-spacing", "keyword-spacing", "semi-spacing",
    "space-before-blocks", "space-infix-ops", "rest-spread-spacing", "switch-colon-spacing", "template-curly-spacing", "type-annotation-spacing",
    "type-generic-spacing", "type-named-tuple-spacing", "new-parens",
  ].map((rule) => [`@stylistic/${rule}`, "error"])),
};

export default tseslint.config(
  { ignores: ["dist/", "docs-out/", "coverage/", "bench/.cache/"] },
  { files: ["**/*.{ts,js,cjs,mjs}"], languageOptions: { parser: tseslint.parser }, plugins: { "@stylistic": stylistic }, rules: form },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "tsconfig.spec.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An un-awaited send is nearly always a defect. A bare `go(...)` is not: thenables are left alone (the default).
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // Declarations of what is exported have to stand by themselves (isolatedDeclarations).
      "@typescript-eslint/consistent-generic-constructors": "off",
      "@typescript-eslint/consistent-type-imports": [
        "error",
        // `typeof import("...")` is the type of a copy of the library that a spec loads for itself.
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A user's failure is passed on as it was thrown, and a reason as it was given, whatever it is.
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      // It asks for the `!` that no-non-null-assertion forbids.
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      // A getter that subclasses override costs no field in every object.
      "@typescript-eslint/class-literal-property-style": "off",
      // `Performable.prepare` gives itself, and in subclasses another one.
      "@typescript-eslint/prefer-return-this-type": "off",
      // `for await (const _ of ch)` receives and does not look.
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_$", argsIgnorePattern: "^_" }],
      // Messages about a wrong argument show whatever was given.
      "@typescript-eslint/no-base-to-string": "off",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "error" },
  },
  {
    files: ["spec/**/*.ts"],
    rules: {
      // chai's `expect(x).to.be.true` is an expression.
      "@typescript-eslint/no-unused-expressions": "off",
      // What a callback has changed meanwhile is asked for again; the compiler believes that it is still what it was.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      // That awaiting an operation takes nothing, and that verbs work on any value, is itself checked.
      "@typescript-eslint/await-thenable": "off",
      "@typescript-eslint/no-unnecessary-type-assertion": "off",
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/no-misused-spread": ["error", { allow: ["string"] }],
      // `channels.forEach((ch) => go(...))` starts a task for each.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false } }],
    },
  },
  {
    files: ["spec/**/*.ts", "examples/**/*.ts", "bench/**/*.ts"],
    rules: {
      // A body without a wait is a body.
      "@typescript-eslint/require-await": "off",
    },
  },
  // A package of its own, whose types are checked with the packed library installed into it.
  { files: ["examples/starter/**/*.ts"], ...tseslint.configs.disableTypeChecked },
);
