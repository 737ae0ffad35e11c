package dev.gnserve.verification;

import dev.gnserve.model.LoadedModel;

/**
 * Event: a layer of a model failed verification.
 *
 * @param model that was verified, which another one may have replaced since
 * @param why a clause with the layer and its error
 */
public record LayerFailed(LoadedModel model, String why) {}
