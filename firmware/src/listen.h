/*
 * Listening: the microphone's samples through the streaming front end, the selected model every few strides, its
 * probabilities averaged over time, and a line to the host for each word that is heard.
 *
 * A word is heard when the mean of its probability over the last decisions is the largest of all classes and reaches
 * the threshold. Then nothing is reported for the suppression time, and the same word only once its mean has been below
 * the threshold: one utterance stays in the window for many decisions. After RecognizeCommands of TensorFlow's
 * speech_commands example and Zhang et al. (2017), Hello Edge, arXiv:1711.07128, in integers; kws/listening.py computes
 * the same.
 */
#ifndef KWS_LISTEN_H
#define KWS_LISTEN_H

#include <stdint.h>

#include "protocol.h"

typedef struct {
  uint32_t strides;        /* of 20 ms from one decision to the next, 1 .. KWS_STRIDES_MAX */
  uint32_t smoothing;      /* decisions that are averaged, 1 .. KWS_SMOOTHING_MAX */
  uint32_t threshold;      /* of the mean probability, 1 .. 32768 parts of 32768 */
  uint32_t suppression_ms; /* after a word, up to KWS_SUPPRESSION_MS_MAX */
} listen_settings_t;

/* What was heard since the last start of listening; lost: samples that nobody took in time. */
typedef struct {
  uint32_t ms, words, lost_samples;
} listen_totals_t;

/* Answers that it listens, then reports words, and level and loss twice a second, until the host sends a byte that
 * begins a command. That byte is left to be read; end marks, line ends and NUL are taken and mean nothing. The clip's
 * place is used: clip, features and output are gone. KWS_BAD_MODEL, KWS_NO_MICROPHONE; nothing was sent then. */
kws_status_t listen(const listen_settings_t *settings);

const listen_totals_t *listen_totals(void);

#endif
