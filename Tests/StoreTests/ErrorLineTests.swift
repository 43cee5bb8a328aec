import Store
import Testing
import Text

@Suite("Error lines", .timeLimit(.minutes(20)))
struct ErrorLineTests {
    @Test(
        "the line that says why is found behind what runtimes and tools write after it",
        arguments: [
            (
                "Error in f(3) : no such column\nCalls: main -> f\nExecution halted",
                "Error in f(3) : no such column"
            ),
            (
                "Error in library(xyz) :\n  there is no package called 'xyz'\nExecution halted",
                "Error in library(xyz) : there is no package called 'xyz'"
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    f()\nValueError: bad shape\n",
                "ValueError: bad shape"
            ),
            (
                "torch.cuda.OutOfMemoryError: CUDA out of memory.\nsome hint about memory",
                "torch.cuda.OutOfMemoryError: CUDA out of memory."
            ),
            ("KeyboardInterrupt", "KeyboardInterrupt"),
            (
                "rank 2: cannot read mesh\n--------------------------------------------------------------------------\nMPI_ABORT was invoked on rank 2 in communicator MPI_COMM_WORLD\nwith errorcode 3.\n\nNOTE: invoking MPI_ABORT causes Open MPI to kill all MPI processes.\nYou may or may not see output from other processes, depending on\nexactly when Open MPI kills them.\n--------------------------------------------------------------------------",
                "MPI_ABORT was invoked on rank 2 in communicator MPI_COMM_WORLD"
            ),
            (
                "fatal: mesh is empty\n-----\nPrimary job  terminated normally, but 1 process returned\na non-zero exit code. Per user-direction, the job has been aborted.\n-----",
                "fatal: mesh is empty"
            ),
            (
                "main.cpp:3:5: error: 'x' was not declared\nmake: *** [Makefile:2: a.o] Error 1",
                "main.cpp:3:5: error: 'x' was not declared"
            ),
            ("make: *** No rule to make target 'b'.  Stop.", "make: *** No rule to make target 'b'.  Stop."),
            (
                "Error in rule align:\n    jobid: 1\nExiting because a job execution failed. Look below for error messages\nShutting down, this might take some time.\nComplete log(s): /x/y.log",
                "Error in rule align: jobid: 1"
            ),
            (
                "Exception in thread \"main\" java.lang.IllegalStateException: x\n\tat Main.main(Main.java:3)\nCaused by: java.io.IOException: disk full\n\tat Main.run(Main.java:9)\n\t... 1 more",
                "Caused by: java.io.IOException: disk full"
            ),
            (
                "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1` environment variable",
                "thread 'main' panicked at src/main.rs:2:5: index out of bounds"
            ),
            (
                "ERROR: LoadError: DomainError with -1.0\nStacktrace:\n [1] throw_complex(f::Symbol)\n   @ Base ./math.jl:33\nin expression starting at /x/a.jl:1",
                "ERROR: LoadError: DomainError with -1.0"
            ),
            (
                "terminate called after throwing an instance of 'std::runtime_error'\n  what():  no file",
                "what():  no file"
            ),
            (
                "At line 3 of file a.f90 (unit = 10)\nFortran runtime error: End of file\n\nError termination. Backtrace:\n#0  0x7f12 in f\n#1  0x55 in g",
                "Fortran runtime error: End of file"
            ),
            (
                "Fatal error in PMPI_Recv: Message truncated, error stack:\n=====\n=   BAD TERMINATION OF ONE\n=   PID 3\n= YOU CAN IGNORE THE BELOW CLEANUP MESSAGES\n====",
                "Fatal error in PMPI_Recv: Message truncated, error stack:"
            ),
            (
                "Traceback (most recent call last):\n  File \"a\", line 1\nValueError: real\nException ignored in: <function f>\nTraceback (most recent call last):\n  File \"b\", line 2\nTypeError: late",
                "ValueError: real"
            ),
            (
                "  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +------------------------------------",
                "ValueError: a"
            ),
            ("Unrecognized function 'f'.\n\nError in solve (line 3)", "Unrecognized function 'f'."),
            ("done with step 1\nlast words\n=====", "last words"),
            ("----", "----"),
        ])
    func lines(_ text: String, _ expected: String) {
        let found = ErrorLine.of(text.split(separator: "\n").map(String.init)) ?? "----"
        #expect(found == expected, "\(found)")
    }
}
