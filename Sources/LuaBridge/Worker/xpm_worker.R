# The R side of a warm worker of xpm (`worker = "Rscript {here}/worker.R"` in a task). It needs jsonlite.
#
#     library(randomForest)                      # once
#     source(file.path(Sys.getenv("XPM_HELPERS"), "xpm_worker.R"))
#     xpm_serve(function(params) {               # for each job, in the job's own folder
#       list(accuracy = 0.97)                    # its result
#     })
#
# `params` has the values of the task's parameters by their names; of a task among them also `jobdir`. A
# failure is an error. What is printed goes to the logs of the job. Started by hand with the variables of one
# job, as its script does, it does that job and ends.

xpm_tell <- function(values) {
  cat(jsonlite::toJSON(values, auto_unbox = TRUE, digits = NA, null = "null"), "\n",
      file = Sys.getenv("XPM_EVENTS"), append = TRUE, sep = "")
}

# Logs numbers while the job runs: xpm_log(step = 1, loss = 0.3).
xpm_log <- function(...) xpm_tell(list(...))

# Tells how far the job is, from 0 to 1.
xpm_progress <- function(fraction, text = NULL) xpm_tell(list(progress = fraction, text = text))

# Gives results; later ones are laid over earlier ones.
xpm_result <- function(...) xpm_tell(list(result = list(...)))

# One job; returns its exit code.
xpm_do <- function(run) {
  tryCatch({
    params <- jsonlite::fromJSON(Sys.getenv("XPM_VALUES"), simplifyVector = TRUE)
    found <- run(params)
    if (is.list(found) && !is.null(names(found))) {
      xpm_tell(list(result = found))
    } else if (!is.null(found)) {
      message("xpm_worker: what the job returned is no named list: it is no result")
    }
    0L
  }, error = function(problem) {
    message("Error in ", paste(deparse(conditionCall(problem)), collapse = " "), ": ", conditionMessage(problem))
    1L
  })
}

# Does jobs with `run(params)` until there are no more.
xpm_serve <- function(run) {
  if (Sys.getenv("XPM_WORKER") == "") quit(status = xpm_do(run), save = "no")
  requests <- file("stdin", "r")
  replies <- file("/dev/fd/3", "w")
  former <- character()
  while (length(line <- readLines(requests, n = 1)) > 0) {
    request <- jsonlite::fromJSON(line)
    setwd(request$folder)
    Sys.unsetenv(setdiff(former, names(request$env)))
    former <- names(request$env)
    do.call(Sys.setenv, as.list(request$env))
    out <- file(request$out, "a")
    err <- file(request$err, "a")
    sink(out)
    sink(err, type = "message")
    code <- xpm_do(run)
    sink(type = "message")
    sink()
    close(out)
    close(err)
    cat(jsonlite::toJSON(list(id = request$id, code = code), auto_unbox = TRUE), "\n", file = replies, sep = "")
    flush(replies)
  }
}
