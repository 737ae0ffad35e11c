package dev.gnserve.model;

/** The options of a family of networks whose outputs need a decoding of their own. */
public sealed interface FamilySpec
        permits HeadSpec,
                YoloRows,
                QuerySpec,
                SoloSpec,
                KeyPointSpec,
                InstanceSpec,
                EmbeddingSpec,
                ValueSpec,
                ClassifierHeads {}
