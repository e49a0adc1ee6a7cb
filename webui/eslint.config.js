import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'

// A feature is imported only through its index.ts; inside a feature, imports are relative and never climb out of it.
const featureDoor = { regex: '^@/features/[^/]+/.+', message: 'Import a feature through its index.ts.' }
const noClimbing = { regex: '^\\.\\./\\.\\./', message: 'Import other parts as @/..., features through their index.ts.' }
// Only viewer/ knows the deep-zoom library; others import the adapter. coordinates.ts is pure and open to all.
const viewerDoor = { regex: '^@/viewer/(?!coordinates$).+', message: 'Import @/viewer (or the pure @/viewer/coordinates).' }
const noDeepZoom = { name: 'openseadragon', message: 'Only src/viewer knows the deep-zoom library.' }
const pure = 'model/ is pure: no Vue, no Pinia, no router, no store, no effects.'

const doors = { patterns: [featureDoor, noClimbing, viewerDoor], paths: [noDeepZoom] }
const modelOnly = {
  patterns: [...doors.patterns, { regex: '(^|/)(store|autosave)$|\\.vue$|^@/api/client|^@/viewer$', message: pure }],
  paths: [noDeepZoom, ...['vue', 'pinia', 'vue-router'].map((name) => ({ name, message: pure }))],
}

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/api/contracts.ts'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      'no-undef': 'off', // TypeScript knows
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/attributes-order': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', 300],
    },
  },
  { files: ['src/**/*.{ts,vue}'], rules: { 'no-restricted-imports': ['error', doors] } },
  { files: ['src/viewer/**/*.{ts,vue}'], rules: { 'no-restricted-imports': ['error', { patterns: [featureDoor, noClimbing] }] } },
  { files: ['src/features/*/model/**/*.ts'], rules: { 'no-restricted-imports': ['error', modelOnly] } },
)
