/*
 * remote.h - what eae-submit and its servant on an ssh host say to one another.
 *
 * The servant (`eae-submit serve`, serve.h) keeps, for each batch that a client sends it, a folder
 * of the form of batch.h under EAE_REMOTE_ROOT, starts a worker for each chunk in a session of its
 * own, and sends back what the workers' files have more than the client has. All that matters is in
 * those files: servant and connection may die at any time, the workers go on, and the next servant
 * finds what they did.
 *
 * Frames of link.h, each a record of wire.h. Every request that asks for an answer names what it is
 * about, and answers may come in any order, with one promise: all bytes of a chunk's files come
 * before the word that it has ended, and those that a journal speaks of before that part of the
 * journal.
 */
#ifndef EAE_EXEC_REMOTE_H
#define EAE_EXEC_REMOTE_H

#define EAE_REMOTE_ROOT "hosted" /* in the folder that has `batches` */

enum { EAE_REMOTE_PROTOCOL = 1, EAE_REMOTE_PIECE = 1 << 18, EAE_REMOTE_AHEAD = 1 << 20 };

typedef enum eae_remote_message {
    /* from the client */
    EAE_REMOTE_HELLO = 0x52454145, /* protocol u32, folder text ("": no batch, only questions), cwd
                                    * text, u32: whether the identity is asked for, words:
                                    * NAME=VALUE that jobs get */
    EAE_REMOTE_PUT,   /* name text, offset u64, size u64, hash, bytes: a piece of a file */
    EAE_REMOTE_INPUT, /* hash, size u64, name text ("": standard input of the jobs): is that file
                       * there, or its content, to be put there? -> HAS */
    EAE_REMOTE_START, /* chunk u64: start its worker, or watch what there is -> STATE */
    EAE_REMOTE_WATCH, /* chunk u64, journal u64, data u64: sizes that the client has -> STATE, BYTES
                       */
    EAE_REMOTE_STOP,  /* chunk u64: end its worker */
    EAE_REMOTE_ASK,   /* -> INFO; also to see whether anybody is there */
    EAE_REMOTE_FORGET, /* remove the folder: everything has arrived */
    /* from the servant */
    EAE_REMOTE_WELCOME, /* protocol u32, version text, identity text, cwd text, cores u32 */
    EAE_REMOTE_HAS,     /* hash, u32 */
    EAE_REMOTE_STATE,   /* chunk u64, eae_chunk_state u32, note text */
    EAE_REMOTE_BYTES,   /* chunk u64, file u32 (0: journal, 1: data), offset u64, bytes */
    EAE_REMOTE_INFO,    /* cores u32, load f64, memory u64, memory free u64, gpus u32 */
    EAE_REMOTE_TROUBLE  /* text: what went wrong with a request that has no answer of its own */
} eae_remote_message;

#endif
