package dev.gnserve.serving;

import io.swagger.v3.oas.annotations.Hidden;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** Says why there is no repository extension. No key would help. */
@Hidden
@RestController
@ConditionalOnProperty(name = "gnserve.repository.enabled", havingValue = "false", matchIfMissing = true)
class RepositoryOff {

    @RequestMapping("/v2/repository/**")
    void refuse() {
        throw new ResponseStatusException(
                HttpStatus.FORBIDDEN,
                "The administration of models is off. To load and unload models over HTTP, start the service with"
                        + " gnserve.repository.enabled=true and an admin key (gnserve.access.admin-keys). GET /v1/models"
                        + " lists the models.");
    }
}
