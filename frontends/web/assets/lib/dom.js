/** The one door to the vendored view library: elements, hooks and signals for every view. */
import { h, render } from '../vendor/preact.js';
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
import { batch, computed, effect, signal, useComputed } from '../vendor/signals.js';
import htm from '../vendor/htm.js';

/** Elements as a template; components go through `h`, whose properties are checked. */
const html = htm.bind(h);

/**
 * Class names of what is true.
 * @param {...(string|false|null|undefined)} names
 * @returns {string}
 */
function classes(...names) {
  return names.filter(Boolean).join(' ');
}

export {
  batch,
  classes,
  computed,
  effect,
  h,
  html,
  render,
  signal,
  useCallback,
  useComputed,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
};
