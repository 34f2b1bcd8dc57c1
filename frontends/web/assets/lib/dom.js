/** The one door to the vendored view library: elements, hooks and signals for every view. */
import { Component, createRef, Fragment, h, render } from '../vendor/preact.js';
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../vendor/hooks.js';
import { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from '../vendor/signals.js';
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
  Component,
  computed,
  createRef,
  effect,
  Fragment,
  h,
  html,
  render,
  signal,
  untracked,
  useCallback,
  useComputed,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useSignal,
  useSignalEffect,
  useState,
};
