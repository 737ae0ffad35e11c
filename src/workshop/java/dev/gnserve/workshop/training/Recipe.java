package dev.gnserve.workshop.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.gnserve.archive.ScriptModule;

/** All that decides the outcome of a run, but for the data; noted in the folder of the run. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "dataSet", defaultImpl = NucleiRecipe.class)
@JsonSubTypes({
    @JsonSubTypes.Type(value = NucleiRecipe.class, name = "nuclei"),
    @JsonSubTypes.Type(value = BloodCellRecipe.class, name = "bloodcells"),
    @JsonSubTypes.Type(value = TrialRecipe.class, name = "trial"),
    @JsonSubTypes.Type(value = BlobRecipe.class, name = "blobs")
})
sealed interface Recipe permits NucleiRecipe, BloodCellRecipe, TrialRecipe, BlobRecipe {

    /** Optimizer steps. */
    int steps();

    Recipe withSteps(int steps);

    /** Root folder inside of the archive. */
    String archiveName();

    /** The network with these weights, to be exported. */
    ScriptModule script(float[] weights);
}
