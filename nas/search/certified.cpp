#include "nas/search/certified.h"

#include "nas/search/certified_search.h"

namespace tessera::nas {

SearchResult certified_front(const TableModel& model, const CertifiedOptions& options) {
    model.check();
    return certified::BranchAndBound(model, options).run();
}

} // namespace tessera::nas
