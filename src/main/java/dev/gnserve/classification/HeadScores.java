package dev.gnserve.classification;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;

/**
 * The labels of one output of a model with several.
 *
 * @param name of the output
 * @param predictions best first
 */
public record HeadScores(@Schema(example = "age") String name, List<LabelScore> predictions) {}
